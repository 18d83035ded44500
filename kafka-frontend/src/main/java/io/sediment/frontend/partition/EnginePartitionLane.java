package io.sediment.frontend.partition;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The engine's {@link Lane} as the front end sees it. What is asked of one partition happens in the
 * order in which it was asked, however long each step takes.
 */
public final class EnginePartitionLane implements PartitionLane {
  private static final CompletableFuture<?> NOTHING = CompletableFuture.completedFuture(null);

  private final Lane lane;
  private final Map<PartitionId, CompletableFuture<?>> underWay = new ConcurrentHashMap<>();

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

  /**
   * Waits for an earlier leadership of the same partition to drain, and to be flushed if need be.
   */
  @Override
  public CompletableFuture<LanePartition> open(
      PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener) {
    return inTurn(
        partition,
        () ->
            lane.flushedBefore(partition, startOffset)
                .thenApply(
                    flushed -> lane.openPartition(partition, leaderEpoch, startOffset, listener)));
  }

  @Override
  public void close(PartitionId partition) {
    inTurn(partition, () -> lane.closePartition(partition));
  }

  /** A step that failed has said so to whoever asked for it, and does not stop the next one. */
  private <T> CompletableFuture<T> inTurn(
      PartitionId partition, Supplier<CompletableFuture<T>> step) {
    CompletableFuture<T> done =
        underWay
            .getOrDefault(partition, NOTHING)
            .handle((before, failure) -> step.get())
            .thenCompose(next -> next);
    if (!done.isDone()) {
      underWay.put(partition, done);
      done.whenComplete((result, failure) -> underWay.remove(partition, done));
    }
    return done;
  }
}
