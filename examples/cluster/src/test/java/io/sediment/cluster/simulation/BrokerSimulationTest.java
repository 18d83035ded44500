package io.sediment.cluster.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.simulation.Seeds;
import io.sediment.wal.simulation.QuietLogs;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class BrokerSimulationTest {
  @BeforeAll
  static void thousandsOfExpectedWarningsAreNoNews() {
    QuietLogs.begin();
  }

  @AfterAll
  static void warnAgain() {
    QuietLogs.end();
  }

  static long[] seeds() {
    return Seeds.upTo(60).toArray();
  }

  static long[] fewSeeds() {
    return Seeds.upTo(4).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void clientsSeeAKafka(long seed) {
    BrokerSimulation.run(seed, BrokerMutant.NONE);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("fewSeeds")
  void theSameSeedRunsTheSameEvents(long seed) {
    assertThat(BrokerSimulation.run(seed, BrokerMutant.NONE).traceHash())
        .isEqualTo(BrokerSimulation.run(seed, BrokerMutant.NONE).traceHash());
  }
}
