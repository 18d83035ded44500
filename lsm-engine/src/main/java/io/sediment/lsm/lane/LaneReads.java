package io.sediment.lsm.lane;

import io.sediment.lsm.scan.ObjectGoneException;
import io.sediment.lsm.scan.OldestBlocks;
import io.sediment.lsm.scan.OldestBlocksSearch;
import io.sediment.lsm.scan.RangeScan;
import io.sediment.runtime.Failures;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * Reads of what is not in memory: through the view of the lane's objects, again with a newer view
 * where one of them is gone, and back to memory where the view ends.
 */
final class LaneReads implements StoredReads {
  private static final int ATTEMPTS = 4;

  private final LaneObjects objects;
  private final RangeScan scan;
  private final OldestBlocksSearch oldestBlocks;
  private final ProducerLoader producers;
  private final DamageAlarm alarm;

  LaneReads(
      LaneObjects objects,
      RangeScan scan,
      OldestBlocksSearch oldestBlocks,
      ProducerLoader producers,
      DamageAlarm alarm) {
    this.objects = objects;
    this.scan = scan;
    this.oldestBlocks = oldestBlocks;
    this.producers = producers;
    this.alarm = alarm;
  }

  @Override
  public CompletableFuture<BatchSlices> read(
      PartitionState partition, long offset, int maxBytes, boolean atLeastOne, long bound) {
    return alarm.watch(read(partition, offset, maxBytes, atLeastOne, bound, ATTEMPTS));
  }

  private CompletableFuture<BatchSlices> read(
      PartitionState partition,
      long offset,
      int maxBytes,
      boolean atLeastOne,
      long bound,
      int attemptsLeft) {
    // The view is taken after memory was found not to have the offset: a memtable leaves memory
    // only after the view shows its object.
    LaneObjects.View view = objects.view();
    long inMemory = partition.tails().baseOffset();
    long storedBound = inMemory > offset ? Math.min(bound, inMemory) : bound;
    CompletableFuture<BatchSlices> read =
        scan.read(view.objects(), partition.id(), offset, maxBytes, atLeastOne, storedBound);
    return read.handle(
            (slices, failure) -> {
              if (failure == null && slices.isEmpty() && slices.nextOffset() > offset) {
                return readOn(partition, slices, maxBytes, atLeastOne, bound);
              }
              if (failure == null && (!slices.isEmpty() || !atLeastOne || attemptsLeft == 0)) {
                return CompletableFuture.completedFuture(slices);
              }
              ObjectGoneException gone =
                  failure != null && Failures.causeOf(failure) instanceof ObjectGoneException it
                      ? it
                      : null;
              if (failure != null && gone == null || attemptsLeft == 0) {
                return read;
              }
              return (gone == null ? objects.newer(view) : objects.newer(view, gone))
                  .thenCompose(
                      newer -> {
                        BatchSlices memory =
                            partition.tails().read(offset, maxBytes, atLeastOne, bound);
                        return memory != null
                            ? CompletableFuture.completedFuture(memory)
                            : read(
                                partition, offset, maxBytes, atLeastOne, bound, attemptsLeft - 1);
                      });
            })
        .thenCompose(next -> next);
  }

  /** Log compaction has left nothing that is stored below where memory begins: on from there. */
  private CompletableFuture<BatchSlices> readOn(
      PartitionState partition, BatchSlices nothing, int maxBytes, boolean atLeastOne, long bound) {
    long offset = nothing.nextOffset();
    if (offset >= bound) {
      return CompletableFuture.completedFuture(nothing);
    }
    BatchSlices memory = partition.tails().read(offset, maxBytes, atLeastOne, bound);
    return memory != null
        ? CompletableFuture.completedFuture(memory)
        : read(partition, offset, maxBytes, atLeastOne, bound);
  }

  @Override
  public CompletableFuture<OptionalLong> batchForTimestamp(
      PartitionState partition, long timestamp, long fromOffset, long bound) {
    // Memory first, the view second: all below what is in memory now is in this view or a newer
    // one.
    long inMemory = partition.tails().baseOffset();
    long storedBound = inMemory > fromOffset ? Math.min(bound, inMemory) : bound;
    return alarm
        .watch(
            objects.withView(
                view ->
                    scan.batchForTimestamp(
                        view.objects(), partition.id(), timestamp, fromOffset, storedBound)))
        .thenCompose(
            stored -> {
              if (stored.isPresent()) {
                return CompletableFuture.completedFuture(stored);
              }
              OptionalLong found = partition.tails().findTimestamp(timestamp, fromOffset, bound);
              // What left memory since the view was taken was seen by neither: go on from there.
              return partition.tails().baseOffset() == inMemory
                  ? CompletableFuture.completedFuture(found)
                  : batchForTimestamp(partition, timestamp, Math.max(fromOffset, inMemory), bound);
            });
  }

  @Override
  public CompletableFuture<PartitionProducers> producers(PartitionState partition) {
    return alarm.watch(producers.load(partition));
  }

  @Override
  public CompletableFuture<OldestBlocks> olderThan(
      PartitionState partition, long fromOffset, long bound, long timestamp) {
    long flushed = flushed(partition, bound);
    return alarm.watch(
        objects.withView(
            view ->
                oldestBlocks.olderThan(
                    view.objects(), partition.id(), fromOffset, flushed, timestamp)));
  }

  @Override
  public CompletableFuture<OldestBlocks> oldest(
      PartitionState partition, long fromOffset, long bound, long bytesMax) {
    long flushed = flushed(partition, bound);
    return alarm.watch(
        objects.withView(
            view ->
                oldestBlocks.oldest(
                    view.objects(), partition.id(), fromOffset, flushed, bytesMax)));
  }

  /** Asked before the view is taken, so that all below it is in that. */
  private static long flushed(PartitionState partition, long bound) {
    return Math.min(bound, partition.tails().unflushedBaseOffset());
  }

  @Override
  public CompletableFuture<Long> bytesFrom(PartitionState partition, long fromOffset, long bound) {
    return oldest(partition, fromOffset, bound, Long.MAX_VALUE)
        .thenApply(stored -> stored.bytes() + partition.tails().bytesFrom(stored.nextOffset()));
  }

  /** Looks for what others have made of the lane's objects. */
  CompletableFuture<?> refresh() {
    return objects.refresh();
  }

  @Override
  public long sizeBytes(PartitionState partition) {
    return partition.sizeBytes();
  }
}
