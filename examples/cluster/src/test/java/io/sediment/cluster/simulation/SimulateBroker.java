package io.sediment.cluster.simulation;

import io.sediment.wal.simulation.QuietLogs;
import io.sediment.wal.simulation.SeedRuns;
import org.junit.jupiter.api.Test;

/**
 * The simulation of a whole broker from the command line: {@code scripts/simulate.sh} runs this
 * class, ordinary builds do not.
 */
class SimulateBroker {
  @Test
  void broker() {
    QuietLogs.begin();
    if (SeedRuns.countsMutants()) {
      for (BrokerMutant mutant : BrokerMutant.values()) {
        SeedRuns.count("broker: " + mutant, seed -> BrokerSimulation.run(seed, mutant));
      }
      return;
    }
    new SeedRuns(
            "broker", (seed, plan) -> BrokerSimulation.run(seed, plan, BrokerMutant.NONE).tally())
        .run();
  }
}
