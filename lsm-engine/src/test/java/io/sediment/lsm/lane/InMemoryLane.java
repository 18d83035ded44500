package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * A lane on a bucket in memory, for tests of what stands above it: everything is real but the
 * write-ahead log, whose acknowledgements come without a store.
 */
public final class InMemoryLane {
  private static final LaneId ID = new LaneId(0);

  private InMemoryLane() {}

  /** Acknowledges by itself, on {@code scheduler}. */
  public static CompletableFuture<Lane> open(Scheduler scheduler, MemoryBudget budget) {
    return open(FakeWriteAheadLogs.acknowledgingOn(scheduler), scheduler, budget);
  }

  /** Acknowledges as {@code logs} say. */
  public static CompletableFuture<Lane> open(
      WriteAheadLogs logs, Scheduler scheduler, MemoryBudget budget) {
    return Lane.open(
        environment(new MemoryObjectStore(scheduler), logs, scheduler, budget),
        LaneConfig.forBudget(budget),
        ID,
        1,
        1,
        FlushListener.NONE);
  }

  /** An environment with clocks that stand still and chance that repeats itself. */
  public static LaneEnvironment environment(
      ObjectStore store, WriteAheadLogs logs, Scheduler scheduler, MemoryBudget budget) {
    Ticker stopped = () -> 0;
    InstantSource epoch = InstantSource.fixed(Instant.EPOCH);
    return new LaneEnvironment(
        store, store, logs, scheduler, stopped, epoch, new Random(17), budget);
  }
}
