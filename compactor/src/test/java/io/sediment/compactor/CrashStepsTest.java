package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.simulation.StoreRequest;
import io.sediment.wal.simulation.CrashPoint;
import io.sediment.wal.simulation.LaneSimulation;
import io.sediment.wal.simulation.LaneStep;
import io.sediment.wal.simulation.QuietLogs;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A process dies at each moment of each step of the lane's protocols, and everything holds. */
class CrashStepsTest {
  /** So many runs may pass by before one comes to the step. */
  private static final int RUNS_MAX = 80;

  private static final Set<LaneStep> OF_UPLOADS =
      EnumSet.range(LaneStep.COMPACTION_BEGIN_UPLOAD, LaneStep.COMPACTION_COMPLETE_UPLOAD);

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
    for (LaneStep step : LaneStep.values()) {
      for (StoreRequest.Phase moment : LaneStep.MOMENTS) {
        moments.add(Arguments.of(step, moment));
      }
    }
    return moments;
  }

  @ParameterizedTest(name = "{0} {1}")
  @MethodSource("moments")
  void whoDiesThereLosesNothing(LaneStep step, StoreRequest.Phase moment) {
    SimulatedCompactors compactors =
        new SimulatedCompactors(CompactionMutant.NONE, OF_UPLOADS.contains(step));
    long first = 1_000L * (1 + step.ordinal()) + moment.ordinal();
    CrashPoint point = CrashPoint.at(step, moment);
    for (long seed = first; seed < first + 10 * RUNS_MAX && !point.hasStruck(); seed += 10) {
      LaneSimulation.run(seed, compactors, point);
    }
    assertThat(point.hasStruck()).isTrue();
  }
}
