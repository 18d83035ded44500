package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.partition.DurabilityWatcher;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.lsm.lane.BatchSlices;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader.LoadSummary;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One pass over a coordinator's log, from its start to the end it had when the pass began. A log
 * that was compacted has gaps, and its last records may be gone: the end counts, not the last
 * record seen. While one part is replayed the next one is read.
 */
final class LogReplay<T> implements DurabilityWatcher {
  private static final Logger logger = LoggerFactory.getLogger(LogReplay.class);
  private static final int READ_BYTES = 2 << 20;

  /** Kafka's own interval: what is committed needs no memory for going back. */
  private static final long COMMIT_INTERVAL_OFFSETS = 16_384;

  private final PartitionLog log;
  private final CoordinatorPlayback<T> playback;
  private final Deserializer<T> deserializer;
  private final Executor executor;
  private final InstantSource clock;
  private final CompletableFuture<LoadSummary> done = new CompletableFuture<>();
  private final long startedMs;
  private final long endOffset;

  // Written by one step after the other.
  private long nextOffset;
  private long committedOffset;
  private long records;
  private long bytes;

  private boolean reading; // guarded by this
  private boolean givenUp; // guarded by this

  LogReplay(
      PartitionLog log,
      CoordinatorPlayback<T> playback,
      Deserializer<T> deserializer,
      Executor executor,
      InstantSource clock) {
    this.log = log;
    this.playback = playback;
    this.deserializer = deserializer;
    this.executor = executor;
    this.clock = clock;
    this.startedMs = clock.millis();
    this.endOffset = log.endOffset();
    this.nextOffset = log.logStartOffset();
  }

  /**
   * Completes on the executor, with every record below the end replayed; never when given up, or
   * when the log closes, which is a resignation. Where the end is not durable yet, it waits for
   * that: what is not durable may not be served.
   */
  CompletableFuture<LoadSummary> start() {
    log.watch(this);
    executor.execute(this::beginOnceDurable);
    return done;
  }

  @Override
  public void onReadable(PartitionLog readable, long more) {
    if (readable.highWatermark() >= endOffset) {
      executor.execute(this::beginOnceDurable);
    }
  }

  @Override
  public void onChanged(PartitionLog changed) {
    if (!changed.isOpen()) {
      giveUp();
    }
  }

  private void beginOnceDurable() {
    if (!log.isOpen()) {
      giveUp();
      return;
    }
    synchronized (this) {
      if (reading || givenUp || log.highWatermark() < endOffset) {
        return;
      }
      reading = true;
    }
    if (nextOffset >= endOffset) {
      finish();
    } else {
      whenRead(read(nextOffset));
    }
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
            executor.execute(() -> replay(slices, failure));
          } catch (RejectedExecutionException ended) { // with everything that is loaded
            if (slices != null) {
              slices.close();
            }
          }
        });
  }

  private void replay(@Nullable BatchSlices slices, @Nullable Throwable failure) {
    if (failure != null || slices == null) {
      fail(failure == null ? new IllegalStateException("read nothing") : failure);
      return;
    }
    CompletableFuture<BatchSlices> ahead = null;
    try (slices) {
      if (isGivenUp()) {
        return;
      }
      long after = slices.nextOffset(); // also where log compaction left nothing up to there
      if (after <= nextOffset) {
        throw new IllegalStateException(
            log + " has nothing at offset=" + nextOffset + " below its end=" + endOffset);
      }
      ahead = after < endOffset ? read(after) : null;
      for (ByteBuffer buffer : slices.loaded()) {
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(buffer).batches()) {
          replay(batch);
        }
      }
      bytes += slices.sizeInBytes();
      nextOffset = after;
      if (nextOffset - committedOffset >= COMMIT_INTERVAL_OFFSETS) {
        commit(nextOffset);
      }
    } catch (Throwable e) { // an Error too: a load that never ends would hold its groups for ever
      if (ahead != null) {
        ahead.thenAccept(BatchSlices::close);
      }
      fail(e);
      return;
    }
    if (ahead == null) {
      finish();
    } else {
      whenRead(ahead);
    }
  }

  private void replay(MutableRecordBatch batch) {
    for (Record record : batch) {
      if (record.offset() < nextOffset) {
        continue;
      }
      records++;
      if (batch.isControlBatch()) {
        replayMarker(batch, record);
      } else {
        replayRecord(batch, record);
      }
    }
  }

  private void replayMarker(MutableRecordBatch batch, Record record) {
    ControlRecordType type = ControlRecordType.parse(record.key());
    if (type == ControlRecordType.COMMIT || type == ControlRecordType.ABORT) {
      playback.replayEndTransactionMarker(
          batch.producerId(),
          batch.producerEpoch(),
          type == ControlRecordType.COMMIT ? TransactionResult.COMMIT : TransactionResult.ABORT);
    }
  }

  private void replayRecord(MutableRecordBatch batch, Record record) {
    T state;
    try {
      state = deserializer.deserialize(record.key(), record.value());
    } catch (Deserializer.UnknownRecordTypeException e) {
      logger.warn(
          "{}: a record of a type of a newer version is passed over: offset={} type={}",
          log,
          record.offset(),
          e.unknownType());
      return;
    }
    if (state != null) {
      playback.replay(record.offset(), batch.producerId(), batch.producerEpoch(), state);
    }
  }

  private void commit(long offset) {
    if (offset > committedOffset) { // the runtime begins at 0 and takes only what is beyond
      playback.updateLastWrittenOffset(offset);
      playback.updateLastCommittedOffset(offset);
      committedOffset = offset;
    }
  }

  private void finish() {
    try {
      commit(endOffset);
    } catch (Throwable e) {
      fail(e);
      return;
    }
    log.unwatch(this);
    synchronized (this) {
      if (!givenUp) {
        done.complete(new LoadSummary(startedMs, clock.millis(), 0, records, bytes));
      }
    }
  }

  private void fail(Throwable cause) {
    if (!log.isOpen()) {
      giveUp(); // a resignation, and no fault of what was read
      return;
    }
    log.unwatch(this);
    synchronized (this) {
      if (!givenUp) {
        done.completeExceptionally(cause);
      }
    }
  }

  private synchronized boolean isGivenUp() {
    return givenUp;
  }

  /** From now on this never completes; whoever waits for it has been told otherwise. */
  void giveUp() {
    log.unwatch(this);
    synchronized (this) {
      givenUp = true;
    }
  }
}
