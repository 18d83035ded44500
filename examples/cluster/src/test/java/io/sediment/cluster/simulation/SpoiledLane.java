package io.sediment.cluster.simulation;

import io.sediment.frontend.partition.PartitionLane;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A lane that tells a mutant of every batch that is appended. */
abstract class SpoiledLane implements PartitionLane {
  private final PartitionLane lane;

  SpoiledLane(PartitionLane lane) {
    this.lane = lane;
  }

  /** {@code batch} got {@code offset}; nothing is durable yet. */
  abstract void appended(
      LanePartition partition, PartitionListener listener, ByteBuffer batch, long offset);

  /** Whether it remembers what producers did before it was opened. */
  boolean knowsProducers() {
    return true;
  }

  @Override
  public long lane() {
    return lane.lane();
  }

  @Override
  public long epoch() {
    return lane.epoch();
  }

  @Override
  public CompletableFuture<LanePartition> open(
      PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener) {
    return lane.open(partition, leaderEpoch, startOffset, listener)
        .thenApply(opened -> spoiled(opened, listener));
  }

  private LanePartition spoiled(LanePartition opened, PartitionListener listener) {
    return (LanePartition)
        Proxy.newProxyInstance(
            LanePartition.class.getClassLoader(),
            new Class<?>[] {LanePartition.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("producers") && !knowsProducers()) {
                return CompletableFuture.completedFuture(List.of());
              }
              Object result;
              try {
                result = method.invoke(opened, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              if (method.getName().equals("append")) {
                appended(opened, listener, (ByteBuffer) arguments[0], (Long) result);
              }
              return result;
            });
  }

  @Override
  public void close(PartitionId partition) {
    lane.close(partition);
  }
}
