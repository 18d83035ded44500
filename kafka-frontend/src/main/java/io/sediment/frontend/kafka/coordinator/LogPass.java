package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.partition.PartitionLog;
import io.sediment.lsm.lane.BatchSlices;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Goes over a log in offset order, from its start to an end that is durable. A log that was
 * compacted has gaps, and its last records may be gone: the end counts, not the last record seen.
 * While one part is worked on, the next one is read.
 */
final class LogPass {
  private static final int READ_BYTES = 2 << 20;

  /** What is done with each part of the log; on the executor, one part after the other. */
  interface Work {
    /**
     * Whole batches, which are let go when this returns.
     *
     * @param fromOffset what is below, in the first batch, was in the part before or is no longer
     *     part of the log
     * @return when to go on with the next part
     */
    CompletableFuture<Void> take(BatchSlices part, long fromOffset) throws IOException;
  }

  private final PartitionLog log;
  private final long endOffset;
  private final Executor executor;
  private final BooleanSupplier givenUp;
  private final Work work;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private long nextOffset; // written by one step after the other

  /**
   * @param endOffset at or below the high watermark
   * @param givenUp whether to stop
   */
  LogPass(PartitionLog log, long endOffset, Executor executor, BooleanSupplier givenUp, Work work) {
    this.log = log;
    this.endOffset = endOffset;
    this.executor = executor;
    this.givenUp = givenUp;
    this.work = work;
    this.nextOffset = log.logStartOffset();
  }

  /** Call once. Completes when all has been worked on; never when given up. */
  CompletableFuture<Void> run() {
    if (nextOffset >= endOffset) {
      done.complete(null);
    } else {
      whenRead(read(nextOffset));
    }
    return done;
  }

  private CompletableFuture<BatchSlices> read(long offset) {
    try {
      return log.read(offset, READ_BYTES, true);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private void whenRead(CompletableFuture<BatchSlices> part) {
    part.whenComplete(
        (slices, failure) -> {
          try {
            executor.execute(() -> work(slices, failure));
          } catch (RejectedExecutionException ended) { // with everything that is loaded
            if (slices != null) {
              slices.close();
            }
          }
        });
  }

  private void work(@Nullable BatchSlices slices, @Nullable Throwable failure) {
    if (failure != null || slices == null) {
      done.completeExceptionally(
          failure == null ? new IllegalStateException("read nothing") : failure);
      return;
    }
    CompletableFuture<BatchSlices> ahead = null;
    CompletableFuture<Void> taken;
    try (slices) {
      if (givenUp.getAsBoolean()) {
        return;
      }
      long after = slices.nextOffset(); // also where log compaction left nothing up to there
      if (after <= nextOffset) {
        throw new IllegalStateException(
            log + " has nothing at offset=" + nextOffset + " below its end=" + endOffset);
      }
      ahead = after < endOffset ? read(after) : null;
      taken = work.take(slices, nextOffset);
      nextOffset = after;
    } catch (Throwable e) { // an Error too: a load that never ends would hold its groups for ever
      taken = CompletableFuture.failedFuture(e);
    }
    goOn(taken, ahead);
  }

  private void goOn(CompletableFuture<Void> taken, @Nullable CompletableFuture<BatchSlices> ahead) {
    taken.whenComplete(
        (ok, failure) -> {
          if (failure != null) {
            if (ahead != null) {
              ahead.thenAccept(BatchSlices::close);
            }
            done.completeExceptionally(failure);
          } else if (ahead == null) {
            done.complete(null);
          } else {
            whenRead(ahead);
          }
        });
  }
}
