package io.sediment.wal.simulation;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimulationFailure;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ManifestSimulationTest {
  /** Enough for each mutant: docs/testing.md has the counts. */
  private static final int SEEDS_TO_CATCH_A_MUTANT = 200;

  @BeforeAll
  static void thousandsOfExpectedWarningsAreNoNews() {
    QuietLogs.begin();
  }

  @AfterAll
  static void warnAgain() {
    QuietLogs.end();
  }

  static long[] seeds() {
    return Seeds.upTo(200).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatWasCommittedStays(long seed) {
    ManifestSimulation.run(seed, ManifestMutant.NONE);
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(value = ManifestMutant.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void everyMutantIsCaught(ManifestMutant mutant) {
    assertThatThrownBy(
            () -> {
              for (long seed = 1; seed <= SEEDS_TO_CATCH_A_MUTANT; seed++) {
                ManifestSimulation.run(seed, mutant);
              }
            })
        .isInstanceOf(SimulationFailure.class);
  }
}
