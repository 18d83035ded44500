package io.sediment.compactor;

import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.CompactableLane;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.StoredLaneLevels;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimScheduler;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** A {@link LaneWorld} in which compactors of tiny settings are at work. */
public final class CompactingWorld {
  /** Steps, parts and objects so small that a compaction of some batches takes many of each. */
  static final CompactionOptions TINY =
      new CompactionOptions(
          2, 4, 1 << 20, 10_000, 3, 60 << 10, 12 << 10, 40 << 10, 6 << 10, 10 << 10, 8 << 10);

  public final LaneWorld world;
  private final Function<SimScheduler, RangeRewriter> rewriter;

  /** Of the compactor that was made last. */
  MemoryBudget memory = LaneWorld.smallBudget();

  CompactingWorld(long seed, FaultPlan faults) {
    this(seed, faults, process -> RangeRewriter.NONE);
  }

  /**
   * @param rewriter of a process
   */
  public CompactingWorld(
      long seed, FaultPlan faults, Function<SimScheduler, RangeRewriter> rewriter) {
    this.world = new LaneWorld(seed, faults);
    this.rewriter = rewriter;
  }

  /** In the process of the broker that has the lane open. */
  public LaneCompactor inside(LaneWorld.Broker broker) {
    return compactor(broker.process, broker.environment.store(), broker.lane().compactable());
  }

  /** In a process of its own. */
  public LaneCompactor outside(SimScheduler process, boolean isSealed) {
    ObjectStore store = world.bucket.forProcess(process);
    StoredLaneLevels levels =
        world.await(
            StoredLaneLevels.open(
                store,
                LaneWorld.LANE,
                process,
                process.random(),
                isSealed,
                new GarbageOptions(64, 100, Duration.ofMillis(20)),
                Duration.ofSeconds(30)),
            "levels");
    return new LaneCompactor(
        levels, isSealed, new LayeredCompaction(TINY), TINY, environment(process, store));
  }

  private LaneCompactor compactor(SimScheduler process, ObjectStore store, CompactableLane lane) {
    return new LaneCompactor(
        lane, false, new LayeredCompaction(TINY), TINY, environment(process, store));
  }

  private CompactionEnvironment environment(SimScheduler process, ObjectStore store) {
    memory = LaneWorld.smallBudget();
    return new CompactionEnvironment(
        store,
        process,
        process.random(),
        LaneWorld.INCARNATION,
        memory,
        new CompactionPace(process, process, 0),
        rewriter.apply(process),
        lane ->
            CompletableFuture.completedFuture(
                new Liveness(
                    world.logStarts,
                    Set.of(),
                    Long.MIN_VALUE,
                    partition -> partition.partition() % 2)));
  }

  /** Turns until there is nothing to do; returns how many did something. */
  public int compactFully(LaneCompactor compactor) {
    int compactions = 0;
    while (true) {
      Optional<CompactionResult> result = world.await(compactor.turn(), "turn");
      if (result.isEmpty()) {
        return compactions;
      }
      compactions++;
    }
  }
}
