package io.sediment.lsm.lane;

import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.scan.ObjectGoneException;
import io.sediment.lsm.scan.RangeScan;
import java.util.List;
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
  private final ProducerLoader producers;

  LaneReads(LaneObjects objects, RangeScan scan, ProducerLoader producers) {
    this.objects = objects;
    this.scan = scan;
    this.producers = producers;
  }

  @Override
  public CompletableFuture<BatchSlices> read(
      PartitionState partition, long offset, int maxBytes, boolean atLeastOne, long bound) {
    return read(partition, offset, maxBytes, atLeastOne, bound, ATTEMPTS);
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
              if (failure == null && (!slices.isEmpty() || !atLeastOne || attemptsLeft == 0)) {
                return CompletableFuture.completedFuture(slices);
              }
              boolean mayHelp =
                  failure == null || PatientStore.unwrap(failure) instanceof ObjectGoneException;
              if (!mayHelp || attemptsLeft == 0) {
                return read;
              }
              return newer(view)
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

  /** A newer view than {@code seen}, if there is one. */
  private CompletableFuture<LaneObjects.View> newer(LaneObjects.View seen) {
    LaneObjects.View now = objects.view();
    return now == seen ? objects.refresh() : CompletableFuture.completedFuture(now);
  }

  @Override
  public CompletableFuture<OptionalLong> batchForTimestamp(
      PartitionState partition, long timestamp, long fromOffset, long bound) {
    return batchForTimestamp(partition, timestamp, fromOffset, bound, ATTEMPTS);
  }

  private CompletableFuture<OptionalLong> batchForTimestamp(
      PartitionState partition, long timestamp, long fromOffset, long bound, int attemptsLeft) {
    LaneObjects.View view = objects.view();
    CompletableFuture<OptionalLong> search =
        scan.batchForTimestamp(view.objects(), partition.id(), timestamp, fromOffset, bound);
    return search
        .handle(
            (found, failure) -> {
              if (failure != null) {
                boolean mayHelp = PatientStore.unwrap(failure) instanceof ObjectGoneException;
                return mayHelp && attemptsLeft > 0
                    ? newer(view)
                        .thenCompose(
                            newer ->
                                batchForTimestamp(
                                    partition, timestamp, fromOffset, bound, attemptsLeft - 1))
                    : search;
              }
              if (found.isPresent()) {
                return search;
              }
              OptionalLong inMemory = partition.tails().findTimestamp(timestamp, fromOffset, bound);
              // What left memory meanwhile is in a newer view.
              return inMemory.isEmpty() && objects.view() != view && attemptsLeft > 0
                  ? batchForTimestamp(partition, timestamp, fromOffset, bound, attemptsLeft - 1)
                  : CompletableFuture.completedFuture(inMemory);
            })
        .thenCompose(next -> next);
  }

  @Override
  public CompletableFuture<List<ProducerEntry>> producers(PartitionState partition) {
    return producers.load(partition).thenApply(loaded -> loaded.appended(partition.tails()));
  }

  @Override
  public long sizeBytes(PartitionState partition) {
    return partition.sizeBytes();
  }
}
