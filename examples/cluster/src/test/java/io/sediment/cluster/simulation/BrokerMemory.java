package io.sediment.cluster.simulation;

import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.SimScheduler;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;

/** The memory of a process, of which somebody may take all that is left. */
final class BrokerMemory {
  private final SimScheduler process;
  private final MemoryBudget budget;
  private final Map<MemoryBudget.Share, Long> taken = new EnumMap<>(MemoryBudget.Share.class);

  BrokerMemory(SimScheduler process, long bytes) {
    this.process = process;
    this.budget = MemoryBudget.forBroker(bytes);
  }

  MemoryBudget budget() {
    return budget;
  }

  /**
   * Somebody takes what is left of some shares of the memory, as slow readers and large requests
   * do, and gives it back some seconds later.
   */
  void exhaust(SplittableRandom chaos) {
    process.execute(
        () -> {
          release();
          for (MemoryBudget.Share share : MemoryBudget.Share.values()) {
            long bytes = chaos.nextInt(3) == 0 ? 0 : budget.limitBytes(share);
            for (; bytes > 0; bytes /= 2) {
              while (budget.tryReserve(share, bytes)) {
                taken.merge(share, bytes, Long::sum);
              }
            }
          }
          process.trace("out of memory: " + taken);
          process.schedule(this::release, Duration.ofMillis(200L << chaos.nextInt(8)));
        });
  }

  /** What somebody took is there again. */
  void giveBack() {
    process.execute(this::release);
  }

  private void release() {
    Map<MemoryBudget.Share, Long> now = new EnumMap<>(taken);
    taken.clear();
    now.forEach(budget::release);
  }
}
