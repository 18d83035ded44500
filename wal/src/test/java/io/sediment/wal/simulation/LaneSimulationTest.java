package io.sediment.wal.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimulationFailure;
import io.sediment.simulation.StoreOp;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class LaneSimulationTest {
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
    return Seeds.upTo(250).toArray();
  }

  static long[] fewSeeds() {
    return Seeds.upTo(10).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatWasAcknowledgedStays(long seed) {
    LaneSimulation.run(seed, LaneMutant.NONE);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("fewSeeds")
  void theSameSeedRunsTheSameEvents(long seed) {
    assertThat(LaneSimulation.run(seed, LaneMutant.NONE).traceHash())
        .isEqualTo(LaneSimulation.run(seed, LaneMutant.NONE).traceHash());
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(value = LaneMutant.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void everyMutantIsCaught(LaneMutant mutant) {
    assertThatThrownBy(
            () -> {
              for (long seed = 1; seed <= SEEDS_TO_CATCH_A_MUTANT; seed++) {
                LaneSimulation.run(seed, mutant);
              }
            })
        .isInstanceOf(SimulationFailure.class);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("fewSeeds")
  void anIdleLanePutsNothing(long seed) {
    LaneSimulation simulation = new LaneSimulation(seed, FaultPlan.none(), false, LaneMutant.NONE);
    LaneSimulation.Outcome outcome = simulation.run(Duration.ofSeconds(30));
    assertThat(outcome.failedReads()).isZero();
    assertThat(simulation.putsOfAnIdleHour()).isZero();
    assertThat(outcome.bucket().bill().requests(StoreOp.PUT_IF_ABSENT)).isPositive();
  }
}
