package io.sediment.compactor;

import io.sediment.wal.simulation.LaneSimulation;
import io.sediment.wal.simulation.QuietLogs;
import io.sediment.wal.simulation.SeedRuns;
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
    SimulatedCompactors compactors = new SimulatedCompactors(CompactionMutant.NONE);
    new SeedRuns("compaction", (seed, plan) -> LaneSimulation.run(seed, plan, compactors).tally())
        .run();
  }
}
