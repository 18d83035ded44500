package io.sediment.frontend.partition;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** The engine's {@link Lane} as the front end sees it. */
public final class EnginePartitionLane implements PartitionLane {
  private final Lane lane;
  private final Map<PartitionId, CompletableFuture<Long>> closing = new ConcurrentHashMap<>();

  public EnginePartitionLane(Lane lane) {
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

  /** Waits for an earlier leadership of the same partition to drain. */
  @Override
  public CompletableFuture<LanePartition> open(
      PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener) {
    CompletableFuture<Long> before = closing.remove(partition);
    CompletableFuture<Long> drained =
        before == null ? CompletableFuture.completedFuture(startOffset) : before;
    return drained.thenApply(
        end -> lane.openPartition(partition, leaderEpoch, startOffset, listener));
  }

  @Override
  public void close(PartitionId partition) {
    CompletableFuture<Long> drained = lane.closePartition(partition);
    if (!drained.isDone()) {
      closing.put(partition, drained);
      drained.whenComplete((end, failure) -> closing.remove(partition, drained));
    }
  }
}
