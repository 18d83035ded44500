package io.sediment.cluster.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.simulation.ClusterCrashPoint.Moment;
import io.sediment.wal.simulation.QuietLogs;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A broker dies at each moment of each step of placement and export, and everything holds. */
class ClusterCrashStepsTest {
  /** So many runs may pass by before one comes to the step. */
  private static final int RUNS_MAX = 80;

  @BeforeAll
  static void thousandsOfExpectedWarningsAreNoNews() {
    QuietLogs.begin();
  }

  @AfterAll
  static void warnAgain() {
    QuietLogs.end();
  }

  static List<Arguments> moments() {
    List<Arguments> moments = new ArrayList<>();
    for (String step : ClusterCrashPoint.STEPS) {
      for (Moment moment : ClusterCrashPoint.momentsOf(step)) {
        moments.add(Arguments.of(step, moment));
      }
    }
    return moments;
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("moments")
  void whoDiesThereLosesNothing(String step, Moment moment) {
    ClusterCrashPoint point = ClusterCrashPoint.at(step, moment);
    long first = 1_000L * (1 + ClusterCrashPoint.STEPS.indexOf(step)) + moment.ordinal();
    for (long seed = first; seed < first + 10 * RUNS_MAX && !point.hasStruck(); seed += 10) {
      ClusterSimulation.run(seed, ClusterSimulation.planOf(seed), point);
    }
    assertThat(point.hasStruck()).isTrue();
  }
}
