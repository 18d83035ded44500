package io.sediment.frontend.partition;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Partition;
import java.util.concurrent.CompletableFuture;

/**
 * The lane that this broker appends to, with partitions that can be read all the way down: below
 * where the lane took a partition over, the lanes of its older placements are read.
 */
public final class PlacedPartitionLane implements PartitionLane {
  private final PartitionLane open;
  private final ClusterMetadata metadata;
  private final OtherLanes otherLanes;

  /**
   * @param otherLanes opens another lane for reading, or gives the one that is open
   */
  public PlacedPartitionLane(PartitionLane open, ClusterMetadata metadata, OtherLanes otherLanes) {
    this.open = open;
    this.metadata = metadata;
    this.otherLanes = otherLanes;
  }

  @Override
  public long lane() {
    return open.lane();
  }

  @Override
  public long epoch() {
    return open.epoch();
  }

  @Override
  public CompletableFuture<LanePartition> open(
      PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener) {
    Partition placed = metadata.image().partition(partition.topicId(), partition.partition());
    long openStart =
        placed == null
            ? startOffset
            : PlacedPartition.startInLane(placed, leaderEpoch, startOffset);
    return open.open(partition, leaderEpoch, startOffset, listener)
        .thenApply(
            opened ->
                new PlacedPartition(
                    opened,
                    openStart,
                    () -> metadata.image().partition(partition.topicId(), partition.partition()),
                    otherLanes));
  }

  @Override
  public void close(PartitionId partition) {
    open.close(partition);
  }
}
