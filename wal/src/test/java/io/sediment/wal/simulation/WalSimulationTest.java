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

class WalSimulationTest {
  /** Enough for each mutant many times over: docs/testing.md has the counts. */
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
    return Seeds.upTo(500).toArray();
  }

  static long[] fewSeeds() {
    return Seeds.upTo(10).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatWasAcknowledgedIsSealed(long seed) {
    WalSimulation.run(seed, WalMutant.NONE);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("fewSeeds")
  void theSameSeedRunsTheSameEvents(long seed) {
    assertThat(WalSimulation.run(seed, WalMutant.NONE).traceHash())
        .isEqualTo(WalSimulation.run(seed, WalMutant.NONE).traceHash());
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(value = WalMutant.class, mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void everyMutantIsCaught(WalMutant mutant) {
    assertThatThrownBy(
            () -> {
              for (long seed = 1; seed <= SEEDS_TO_CATCH_A_MUTANT; seed++) {
                WalSimulation.run(seed, mutant);
              }
            })
        .isInstanceOf(SimulationFailure.class);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("fewSeeds")
  void aHealthyLogPutsOneObjectPerSlotAndNothingWhenIdle(long seed) {
    WalSimulation simulation = new WalSimulation(seed, FaultPlan.none(), false, WalMutant.NONE);
    WalSimulation.Outcome outcome = simulation.run(Duration.ofSeconds(30));
    long puts = outcome.bucket().bill().requests(StoreOp.PUT_IF_ABSENT);
    long needed = outcome.ackedSlots() + fences(outcome.epochs());
    // Hedges: at most one put in ten, and the first ten earn the first one.
    assertThat(puts).isBetween(needed, needed + outcome.ackedSlots() / 10 + 3);
    assertThat(simulation.pricedRequestsOfAnIdleHour()).isZero();
  }

  /** Each owner but the first closes the epoch before its own, and asks once. */
  private static long fences(int epochs) {
    return epochs - 1;
  }
}
