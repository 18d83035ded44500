package io.sediment.cluster;

import io.sediment.frontend.partition.PartitionLane;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import java.util.concurrent.CompletableFuture;

/** The open lane as the front end sees it. */
final class BrokerLane implements PartitionLane {
  private final Lane lane;

  BrokerLane(Lane lane) {
    this.lane = lane;
  }

  @Override
  public long lane() {
    return lane.id().value();
  }

  @Override
  public long epoch() {
    return lane.epoch();
  }

  @Override
  public CompletableFuture<LanePartition> open(
      PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener) {
    try {
      return CompletableFuture.completedFuture(
          lane.openPartition(partition, leaderEpoch, startOffset, listener));
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  @Override
  public void close(PartitionId partition) {
    lane.closePartition(partition);
  }
}
