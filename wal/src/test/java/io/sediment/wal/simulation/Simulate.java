package io.sediment.wal.simulation;

import org.junit.jupiter.api.Test;

/**
 * The simulations of the log, the manifests and the lane from the command line: {@code
 * scripts/simulate.sh} runs this class, ordinary builds do not.
 */
class Simulate {
  @Test
  void log() {
    QuietLogs.begin();
    if (SeedRuns.countsMutants()) {
      for (WalMutant mutant : WalMutant.values()) {
        SeedRuns.count("log: " + mutant, seed -> WalSimulation.run(seed, mutant));
      }
      return;
    }
    new SeedRuns("log", (seed, plan) -> WalSimulation.run(seed, plan, WalMutant.NONE).tally())
        .run();
  }

  @Test
  void manifests() {
    QuietLogs.begin();
    if (SeedRuns.countsMutants()) {
      for (ManifestMutant mutant : ManifestMutant.values()) {
        SeedRuns.count("manifests: " + mutant, seed -> ManifestSimulation.run(seed, mutant));
      }
      return;
    }
    new SeedRuns(
            "manifests", (seed, plan) -> ManifestSimulation.run(seed, plan, ManifestMutant.NONE))
        .run();
  }

  @Test
  void lane() {
    QuietLogs.begin();
    if (SeedRuns.countsMutants()) {
      for (LaneMutant mutant : LaneMutant.values()) {
        SeedRuns.count("lane: " + mutant, seed -> LaneSimulation.run(seed, mutant));
      }
      return;
    }
    new SeedRuns("lane", (seed, plan) -> LaneSimulation.run(seed, plan, LaneMutant.NONE).tally())
        .run();
  }
}
