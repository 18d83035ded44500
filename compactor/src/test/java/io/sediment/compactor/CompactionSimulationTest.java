package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimulationFailure;
import io.sediment.wal.simulation.LaneSimulation;
import io.sediment.wal.simulation.QuietLogs;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The whole lane under every fault, with compactors inside its brokers and beside them. */
class CompactionSimulationTest {
  private static final int SEEDS_TO_CATCH_A_MUTANT = 60;

  @BeforeAll
  static void thousandsOfExpectedWarningsAreNoNews() {
    QuietLogs.begin();
  }

  @AfterAll
  static void warnAgain() {
    QuietLogs.end();
  }

  static long[] seeds() {
    return Seeds.upTo(30).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatWasAcknowledgedStays(long seed) {
    LaneSimulation.run(seed, new SimulatedCompactors(CompactionMutant.NONE));
  }

  @Test
  void theSameSeedRunsTheSameEvents() {
    SimulatedCompactors compactors = new SimulatedCompactors(CompactionMutant.NONE);
    assertThat(LaneSimulation.run(7, compactors).traceHash())
        .isEqualTo(LaneSimulation.run(7, compactors).traceHash());
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(value = CompactionMutant.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void everyMutantIsCaught(CompactionMutant mutant) {
    assertThatThrownBy(
            () -> {
              for (long seed = 1; seed <= SEEDS_TO_CATCH_A_MUTANT; seed++) {
                LaneSimulation.run(seed, new SimulatedCompactors(mutant));
              }
            })
        .isInstanceOf(SimulationFailure.class);
  }
}
