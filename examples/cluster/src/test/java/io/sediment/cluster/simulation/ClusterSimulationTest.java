package io.sediment.cluster.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimulationFailure;
import io.sediment.wal.simulation.QuietLogs;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ClusterSimulationTest {
  /** Enough for each mutant several times over: docs/testing.md has the counts. */
  private static final int SEEDS_TO_CATCH_A_MUTANT = 500;

  @BeforeAll
  static void thousandsOfExpectedWarningsAreNoNews() {
    QuietLogs.begin();
  }

  @AfterAll
  static void warnAgain() {
    QuietLogs.end();
  }

  static long[] seeds() {
    return Seeds.upTo(20).toArray();
  }

  static long[] fewSeeds() {
    return Seeds.upTo(2).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void clientsSeeAKafka(long seed) {
    ClusterSimulation.run(seed, BrokerMutant.NONE);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("mutants")
  void everyMutantIsCaught(BrokerMutant mutant) {
    assertThatThrownBy(
            () -> {
              for (long seed = 1; seed <= SEEDS_TO_CATCH_A_MUTANT; seed++) {
                ClusterSimulation.run(seed, mutant);
              }
            })
        .isInstanceOf(SimulationFailure.class);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void wallClocksThatJumpByHoursChangeNothing(long seed) {
    assertThat(ClusterSimulation.run(seed, BrokerMutant.NONE))
        .usingRecursiveComparison()
        .ignoringFields("traceHash", "bucket") // the jumps themselves are in the trace
        .isEqualTo(ClusterSimulation.runWithSteadyClocks(seed, BrokerMutant.NONE));
  }

  @Test
  void aLeaseByTheWallClockIsNoticed() {
    BrokerMutant mutant = BrokerMutant.LEASE_BY_WALL_CLOCK;
    assertThat(LongStream.rangeClosed(1, 20).boxed().toList())
        .anySatisfy(
            seed ->
                assertThat(ClusterSimulation.run(seed, mutant).leasesLost())
                    .isNotEqualTo(
                        ClusterSimulation.runWithSteadyClocks(seed, mutant).leasesLost()));
  }

  static Set<BrokerMutant> mutants() {
    return BrokerMutant.OF_SEVERAL;
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("fewSeeds")
  void theSameSeedRunsTheSameEvents(long seed) {
    assertThat(ClusterSimulation.run(seed, BrokerMutant.NONE).traceHash())
        .isEqualTo(ClusterSimulation.run(seed, BrokerMutant.NONE).traceHash());
  }
}
