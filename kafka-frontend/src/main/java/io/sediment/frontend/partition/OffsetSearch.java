package io.sediment.frontend.partition;

import io.sediment.lsm.lane.BatchSlices;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * Finds records by timestamp. The lane finds the batch; the record in it is found here, on a worker
 * since the batch may have to be decompressed.
 */
public final class OffsetSearch {
  /** Outcome of a search. */
  public sealed interface Result permits Found, Nothing {}

  public record Found(long offset, long timestamp) implements Result {}

  /** No readable record has such a timestamp. */
  public record Nothing() implements Result {
    static final Nothing NOTHING = new Nothing();
  }

  /** What one batch has to say. */
  private record Step(Result result, long nextOffset) {}

  private final Executor workers;
  private final InstantSource clock;

  public OffsetSearch(Executor workers, InstantSource clock) {
    this.workers = workers;
    this.clock = clock;
  }

  /** The first readable record whose timestamp is at or after {@code timestamp}. */
  public CompletableFuture<Result> first(PartitionLog log, long timestamp) {
    return firstFrom(log, timestamp, log.logStartOffset());
  }

  private CompletableFuture<Result> firstFrom(PartitionLog log, long timestamp, long fromOffset) {
    return log.batchForTimestamp(timestamp, fromOffset)
        .thenCompose(
            candidate -> {
              if (candidate.isEmpty() || candidate.getAsLong() >= log.highWatermark()) {
                return CompletableFuture.completedFuture(Nothing.NOTHING);
              }
              return log.read(candidate.getAsLong(), 1, true)
                  .thenApplyAsync(slices -> inBatch(slices, timestamp, fromOffset), workers)
                  .thenCompose(
                      step ->
                          step.result() instanceof Nothing && step.nextOffset() > fromOffset
                              ? firstFrom(log, timestamp, step.nextOffset())
                              : CompletableFuture.completedFuture(step.result()));
            });
  }

  private static Step inBatch(BatchSlices slices, long timestamp, long fromOffset) {
    try (slices) {
      for (RecordBatch batch : MemoryRecords.readableRecords(joined(slices)).batches()) {
        for (Record record : batch) {
          if (record.offset() >= fromOffset && record.timestamp() >= timestamp) {
            return new Step(new Found(record.offset(), record.timestamp()), -1);
          }
        }
      }
      return new Step(Nothing.NOTHING, slices.nextOffset());
    }
  }

  private static ByteBuffer joined(BatchSlices slices) {
    if (slices.buffers().size() == 1) {
      return slices.buffers().get(0).duplicate();
    }
    ByteBuffer joined = ByteBuffer.allocate(slices.sizeInBytes());
    slices.buffers().forEach(part -> joined.put(part.duplicate()));
    return joined.flip();
  }

  /** The first record that has the largest timestamp of all readable ones. */
  public CompletableFuture<Result> newest(PartitionLog log) {
    long start = log.logStartOffset();
    return exists(log, 0, start)
        .thenCompose(
            any ->
                any
                    ? ceiling(log, start, Math.max(1, clock.millis()))
                        .thenCompose(above -> largest(log, start, 0, above))
                        .thenCompose(largest -> first(log, largest))
                    : CompletableFuture.completedFuture(Nothing.NOTHING));
  }

  /** A timestamp at or above {@code guess} that no record reaches. */
  private CompletableFuture<Long> ceiling(PartitionLog log, long start, long guess) {
    return exists(log, guess, start)
        .thenCompose(
            reached ->
                reached && guess < Long.MAX_VALUE / 2
                    ? ceiling(log, start, guess * 2)
                    : CompletableFuture.completedFuture(reached ? Long.MAX_VALUE : guess));
  }

  /** Halves the interval between {@code has}, which some record reaches, and {@code hasNot}. */
  private CompletableFuture<Long> largest(PartitionLog log, long start, long has, long hasNot) {
    if (hasNot - has <= 1) {
      return CompletableFuture.completedFuture(has);
    }
    long middle = has + (hasNot - has) / 2;
    return exists(log, middle, start)
        .thenCompose(
            reached ->
                reached ? largest(log, start, middle, hasNot) : largest(log, start, has, middle));
  }

  private static CompletableFuture<Boolean> exists(PartitionLog log, long timestamp, long start) {
    return log.batchForTimestamp(timestamp, start).thenApply(OptionalLong::isPresent);
  }
}
