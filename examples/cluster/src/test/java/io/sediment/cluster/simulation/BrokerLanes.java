package io.sediment.cluster.simulation;

import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.SimScheduler;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import java.util.function.UnaryOperator;

/** What a process opens and closes lanes with, its own and those of others. */
final class BrokerLanes {
  private final SimScheduler process;
  private final ObjectStore store;
  private final BrokerSizes sizes;
  private final MemoryBudget budget;

  BrokerLanes(SimScheduler process, ObjectStore store, BrokerSizes sizes, MemoryBudget budget) {
    this.process = process;
    this.store = store;
    this.sizes = sizes;
    this.budget = budget;
  }

  LaneConfig config() {
    return sizes.laneConfig();
  }

  LaneEnvironment environment(long incarnation) {
    return environment(incarnation, UnaryOperator.identity());
  }

  /**
   * @param logStore the bucket as it is seen where write-ahead logs are read
   */
  LaneEnvironment environment(long incarnation, UnaryOperator<ObjectStore> logStore) {
    BucketWriteAheadLogs logs =
        new BucketWriteAheadLogs(
            logStore.apply(store),
            sizes.walProfile(),
            incarnation,
            process,
            process,
            process.random(),
            WalMetrics.NONE);
    return new LaneEnvironment(
        store, store, logs, process, process, process, process.random(), budget);
  }
}
