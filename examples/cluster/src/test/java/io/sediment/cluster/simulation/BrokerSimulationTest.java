package io.sediment.cluster.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimulationFailure;
import io.sediment.wal.simulation.QuietLogs;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class BrokerSimulationTest {
  /** Enough for each mutant several times over: docs/testing.md has the counts. */
  private static final int SEEDS_TO_CATCH_A_MUTANT = 1_000;

  @BeforeAll
  static void thousandsOfExpectedWarningsAreNoNews() {
    QuietLogs.begin();
  }

  @AfterAll
  static void warnAgain() {
    QuietLogs.end();
  }

  static long[] seeds() {
    return Seeds.upTo(40).toArray();
  }

  static Set<BrokerMutant> mutants() {
    return BrokerMutant.OF_ONE;
  }

  static long[] fewSeeds() {
    return Seeds.upTo(4).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void clientsSeeAKafka(long seed) {
    BrokerSimulation.run(seed, BrokerMutant.NONE);
  }

  /** All were stuck after healing; docs/testing.md says why. */
  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {251, 473, 558})
  void seedsThatFailedOnce(long seed) {
    BrokerSimulation.run(seed, BrokerMutant.NONE);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("fewSeeds")
  void theSameSeedRunsTheSameEvents(long seed) {
    assertThat(BrokerSimulation.run(seed, BrokerMutant.NONE).traceHash())
        .isEqualTo(BrokerSimulation.run(seed, BrokerMutant.NONE).traceHash());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void everyMutantIsCaught(BrokerMutant mutant) {
    assertThatThrownBy(
            () -> {
              for (long seed = 1; seed <= SEEDS_TO_CATCH_A_MUTANT; seed++) {
                BrokerSimulation.run(seed, mutant);
              }
            })
        .isInstanceOf(SimulationFailure.class);
  }
}
