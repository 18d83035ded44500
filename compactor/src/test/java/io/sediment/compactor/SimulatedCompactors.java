package io.sediment.compactor;

import io.sediment.lsm.lane.CompactableLane;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.SimScheduler;
import io.sediment.wal.simulation.LaneCompactors;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;

/**
 * Compactors that go on for as long as their processes do. Fenced, crashed and asleep, they believe
 * what they last knew.
 *
 * @param uploading whether they rewrite everything, and upload it in parts, more often than others
 */
record SimulatedCompactors(CompactionMutant mutant, boolean uploading) implements LaneCompactors {
  private static final long INCARNATION = 1;

  SimulatedCompactors(CompactionMutant mutant) {
    this(mutant, false);
  }

  @Override
  public void start(
      ObjectStore store, SimScheduler process, CompactableLane lane, SplittableRandom options) {
    CompactionOptions sizes = sizes(options);
    LaneCompactor compactor =
        new LaneCompactor(
            mutant.spoil(lane, store),
            false,
            new LayeredCompaction(sizes),
            sizes,
            new CompactionEnvironment(
                mutant.spoil(store),
                process,
                mutant.spoil(process.random()),
                INCARNATION,
                MemoryBudget.forBroker(64 << 20),
                new CompactionPace(process, process, 0),
                RangeRewriter.NONE,
                id ->
                    CompletableFuture.completedFuture(
                        new Liveness(
                            Map.of(),
                            Set.of(),
                            Long.MIN_VALUE,
                            partition -> partition.partition() % 2))));
    turnLater(compactor, process);
  }

  private static void turnLater(LaneCompactor compactor, SimScheduler process) {
    process.schedule(
        () -> turn(compactor, process), Duration.ofMillis(100 + process.random().nextInt(5_000)));
  }

  private static void turn(LaneCompactor compactor, SimScheduler process) {
    compactor
        .turn()
        .whenComplete(
            (result, failure) -> {
              process.trace("compaction: " + (failure == null ? result : failure));
              turnLater(compactor, process);
            });
  }

  /** So small that a compaction takes several steps, parts and objects. */
  private CompactionOptions sizes(SplittableRandom options) {
    if (uploading) {
      return new CompactionOptions(
          2, 6, 1 << 20, 10_000, 2, 1 << 20, 1 << 20, 1 << 20, 2 << 10, 2 << 10, 2 << 10);
    }
    int min = 1 + options.nextInt(4);
    return new CompactionOptions(
        min,
        min + options.nextInt(6),
        1 << 20,
        10_000,
        2 + options.nextInt(4),
        8L << 10 << options.nextInt(4),
        1L << 10 << options.nextInt(5),
        4L << 10 << options.nextInt(4),
        1L << 10 << options.nextInt(5),
        1 << 10 << options.nextInt(4),
        2 << 10);
  }
}
