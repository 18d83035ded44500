package io.sediment.compactor;

import io.sediment.simulation.FaultPlan;
import io.sediment.wal.simulation.CrashPoint;
import io.sediment.wal.simulation.LaneSimulation;
import io.sediment.wal.simulation.QuietLogs;
import io.sediment.wal.simulation.SeedRuns;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The simulation of the lane with compactors from the command line: {@code scripts/simulate.sh}
 * runs this class, ordinary builds do not.
 */
class SimulateCompaction {
  @Test
  void compaction() {
    QuietLogs.begin();
    if (SeedRuns.countsMutants()) {
      for (CompactionMutant mutant : CompactionMutant.values()) {
        SeedRuns.count(
            "compaction: " + mutant,
            seed -> LaneSimulation.run(seed, new SimulatedCompactors(mutant)));
      }
      return;
    }
    new SeedRuns("compaction", SimulateCompaction::withOneMoreDeath).run();
  }

  /** Seed after seed a process dies at the next moment of the next step. */
  private static SeedRuns.Tally withOneMoreDeath(long seed, FaultPlan plan) {
    CrashPoint point = CrashPoint.of(seed);
    LaneSimulation.Outcome outcome =
        LaneSimulation.run(
            seed, plan, new SimulatedCompactors(CompactionMutant.NONE, seed % 2 == 0), point);
    return outcome.tally(point.hasStruck() ? Map.of("died at " + point.step(), 1L) : Map.of());
  }
}
