package io.sediment.frontend.partition;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.FollowedLane;
import io.sediment.metadata.Partition;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A partition that another broker leads, under one leader epoch: what its lane is known to have
 * acknowledged, and below that what lies in the lanes of its older placements. Another leadership
 * of the same partition is another object.
 */
final class FollowedLog implements ReadableLog {
  private final PartitionId id;
  private final int leaderEpoch;
  private final long startOffset;
  private final long laneStartOffset;
  private final FollowedLane lane;
  private final Supplier<@Nullable Partition> placed;
  private final OtherLanes otherLanes;
  private final Set<DurabilityWatcher> watchers = new CopyOnWriteArraySet<>();
  private volatile boolean closed;

  /**
   * @param startOffset of its placement: all below is in the bucket
   * @param laneStartOffset from here on its lane holds the log without a break
   * @param placed the newest placements; null once the topic is gone
   */
  FollowedLog(
      PartitionId id,
      int leaderEpoch,
      long startOffset,
      long laneStartOffset,
      FollowedLane lane,
      Supplier<@Nullable Partition> placed,
      OtherLanes otherLanes) {
    this.id = id;
    this.leaderEpoch = leaderEpoch;
    this.startOffset = startOffset;
    this.laneStartOffset = laneStartOffset;
    this.lane = lane;
    this.placed = placed;
    this.otherLanes = otherLanes;
  }

  LaneId laneId() {
    return lane.id();
  }

  void advanced(long bytes) {
    for (DurabilityWatcher watcher : watchers) {
      watcher.onReadable(this, bytes);
    }
  }

  /** Ends every wait. Idempotent. */
  void close() {
    closed = true;
    for (DurabilityWatcher watcher : watchers) {
      watcher.onChanged(this);
    }
  }

  @Override
  public PartitionId id() {
    return id;
  }

  @Override
  public int leaderEpoch() {
    return leaderEpoch;
  }

  /**
   * What is appended under a later leadership does not count: there may be another one in between,
   * in another lane, of which this broker has not heard either.
   */
  @Override
  public long highWatermark() {
    return Math.max(startOffset, lane.endOffset(id, leaderEpoch));
  }

  @Override
  public long logStartOffset() {
    Partition partition = placed.get();
    return partition == null ? 0 : Math.min(partition.logStartOffset(), highWatermark());
  }

  @Override
  public boolean isOpen() {
    return !closed;
  }

  @Override
  public CompletableFuture<BatchSlices> read(long offset, int maxBytes, boolean atLeastOne) {
    return read(offset, maxBytes, atLeastOne, highWatermark());
  }

  private CompletableFuture<BatchSlices> read(
      long offset, int maxBytes, boolean atLeastOne, long upTo) {
    Partition partition = placed.get();
    if (offset < laneStartOffset && partition != null) {
      for (PlacedPartition.Span span : PlacedPartition.spansBelow(laneStartOffset, partition)) {
        if (offset < span.endOffset()) {
          long bound = Math.min(upTo, span.endOffset());
          return otherLanes
              .stored(span.lane(), id, span.endOffset())
              .thenCompose(stored -> stored.read(id, offset, maxBytes, atLeastOne, bound))
              .thenCompose(slices -> readOn(slices, offset, maxBytes, atLeastOne, upTo));
        }
      }
    }
    return lane.read(id, offset, maxBytes, atLeastOne, upTo);
  }

  /** Where log compaction left nothing of the rest of a span, the next one has more. */
  private CompletableFuture<BatchSlices> readOn(
      BatchSlices slices, long offset, int maxBytes, boolean atLeastOne, long upTo) {
    long next = slices.nextOffset();
    return slices.isEmpty() && next > offset && next < upTo
        ? read(next, maxBytes, atLeastOne, upTo)
        : CompletableFuture.completedFuture(slices);
  }

  @Override
  public void watch(DurabilityWatcher watcher) {
    watchers.add(watcher);
  }

  @Override
  public void unwatch(DurabilityWatcher watcher) {
    watchers.remove(watcher);
  }

  @Override
  public String toString() {
    return id + " followed in " + lane.id() + " (leader epoch " + leaderEpoch + ")";
  }
}
