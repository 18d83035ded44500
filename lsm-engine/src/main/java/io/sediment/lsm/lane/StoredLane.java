package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.scan.OffsetGoneException;
import io.sediment.lsm.scan.OldestBlocks;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * What a lane had flushed when this view of it was opened, to be read; what retention takes away is
 * found out when an object is gone. Thread-safe, never blocking.
 *
 * <p>Of a sealed lane that is everything, and nothing is ever added. Of a partition that left a
 * lane which others still append to a view shows all, or is not given out, and it ends for its
 * readers where it is placed elsewhere: so one partition table is enough for the life of a view.
 */
public final class StoredLane {
  private final LaneId id;
  private final Map<PartitionId, PartitionState> partitions;
  private final LaneReads reads;
  private CompletableFuture<?> refreshing = CompletableFuture.completedFuture(null); // by this

  /**
   * @param partitions with nothing in memory
   */
  StoredLane(LaneId id, Map<PartitionId, PartitionState> partitions, LaneReads reads) {
    this.id = id;
    this.partitions = Map.copyOf(partitions);
    this.reads = reads;
  }

  public LaneId id() {
    return id;
  }

  /** Offset after the last record of the partition; 0 where the lane holds nothing of it. */
  public long endOffset(PartitionId partition) {
    PartitionState state = partitions.get(partition);
    return state == null ? 0 : state.durableOffset;
  }

  /**
   * Like {@link LanePartition#read}; empty at and beyond the partition's end, and empty with a next
   * offset where log compaction left nothing up to there. Where the lane should hold the offset and
   * does not, it fails rather than to leave a gap.
   */
  public CompletableFuture<BatchSlices> read(
      PartitionId partition, long offset, int maxBytes, boolean atLeastOne, long upTo) {
    PartitionState state = partitions.get(partition);
    long bound = state == null ? 0 : Math.min(upTo, state.durableOffset);
    return state == null || offset >= bound
        ? CompletableFuture.completedFuture(BatchSlices.empty())
        : reads
            .read(state, offset, maxBytes, atLeastOne, bound)
            .thenApply(slices -> requireSome(slices, partition, offset, atLeastOne, bound));
  }

  private static BatchSlices requireSome(
      BatchSlices slices, PartitionId partition, long offset, boolean atLeastOne, long bound) {
    if (atLeastOne && slices.isEmpty() && slices.nextOffset() <= offset) {
      throw new OffsetGoneException(partition, offset, bound);
    }
    return slices;
  }

  /** Like {@link LanePartition#batchForTimestamp}, below {@code upTo}. */
  public CompletableFuture<OptionalLong> batchForTimestamp(
      PartitionId partition, long timestamp, long fromOffset, long upTo) {
    PartitionState state = partitions.get(partition);
    long bound = state == null ? 0 : Math.min(upTo, state.durableOffset);
    return state == null || fromOffset >= bound
        ? CompletableFuture.completedFuture(OptionalLong.empty())
        : reads.batchForTimestamp(state, timestamp, fromOffset, bound);
  }

  /**
   * Producers of a partition.
   *
   * @param isInherited whether these are all that are known, so that lanes in which it lay before
   *     have nothing to add
   */
  public record Producers(List<ProducerEntry> entries, boolean isInherited) {
    static final Producers NONE = new Producers(List.of(), false);

    public Producers {
      entries = List.copyOf(entries);
    }
  }

  /** Producer states as of the partition's end in this lane. */
  public CompletableFuture<Producers> producers(PartitionId partition) {
    PartitionState state = partitions.get(partition);
    return state == null
        ? CompletableFuture.completedFuture(Producers.NONE)
        : reads
            .producers(state)
            .thenApply(
                loaded -> new Producers(loaded.appended(state.tails()), loaded.isInherited()));
  }

  /** Like {@link LanePartition#olderThan}, below {@code upTo}. */
  public CompletableFuture<OldestBlocks> olderThan(
      PartitionId partition, long fromOffset, long upTo, long timestamp) {
    PartitionState state = partitions.get(partition);
    return state == null || state.durableOffset < upTo
        ? nothingKnown(fromOffset)
        : reads.olderThan(state, fromOffset, upTo, timestamp);
  }

  /**
   * Like {@link LanePartition#oldest}, below {@code upTo}: of the lane as it is now, since what log
   * compaction took away does not count any more.
   */
  public CompletableFuture<OldestBlocks> oldest(
      PartitionId partition, long fromOffset, long upTo, long bytesMax) {
    PartitionState state = partitions.get(partition);
    return state == null || state.durableOffset < upTo
        ? nothingKnown(fromOffset)
        : refresh().thenCompose(now -> reads.oldest(state, fromOffset, upTo, bytesMax));
  }

  /** One look at the store serves all who ask while it is under way. */
  private synchronized CompletableFuture<?> refresh() {
    if (refreshing.isDone()) {
      refreshing = reads.refresh();
    }
    return refreshing;
  }

  /** A view that does not reach so far has no say in what lies there. */
  private static CompletableFuture<OldestBlocks> nothingKnown(long fromOffset) {
    return CompletableFuture.completedFuture(new OldestBlocks(fromOffset, 0, false));
  }

  /** Bytes of the partition when this view was opened. */
  public long sizeBytes(PartitionId partition) {
    PartitionState state = partitions.get(partition);
    return state == null ? 0 : state.sizeBytes();
  }
}
