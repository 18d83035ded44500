package io.sediment.cluster.simulation;

import io.sediment.simulation.FaultPlan;
import io.sediment.wal.simulation.QuietLogs;
import io.sediment.wal.simulation.SeedRuns;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The simulations of a whole broker and of several from the command line: {@code
 * scripts/simulate.sh} runs this class, ordinary builds do not.
 */
class SimulateBroker {
  @Test
  void broker() {
    QuietLogs.begin();
    if (SeedRuns.countsMutants()) {
      for (BrokerMutant mutant : BrokerMutant.OF_ONE) {
        SeedRuns.count("broker: " + mutant, seed -> BrokerSimulation.run(seed, mutant));
      }
      return;
    }
    new SeedRuns(
            "broker", (seed, plan) -> BrokerSimulation.run(seed, plan, BrokerMutant.NONE).tally())
        .run();
  }

  @Test
  void cluster() {
    QuietLogs.begin();
    if (SeedRuns.countsMutants()) {
      for (BrokerMutant mutant : BrokerMutant.OF_SEVERAL) {
        SeedRuns.count("cluster: " + mutant, seed -> ClusterSimulation.run(seed, mutant));
      }
      return;
    }
    new SeedRuns("cluster", SimulateBroker::withOneMoreDeath).run();
  }

  /** Seed after seed a process dies at the next moment of the next step. */
  private static SeedRuns.Tally withOneMoreDeath(long seed, FaultPlan plan) {
    ClusterCrashPoint point = ClusterCrashPoint.of(seed);
    ClusterSimulation.Outcome outcome = ClusterSimulation.run(seed, plan, point);
    return outcome.tally(point.hasStruck() ? Map.of("died at " + point.step(), 1L) : Map.of());
  }
}
