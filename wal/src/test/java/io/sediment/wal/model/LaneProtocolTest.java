package io.sediment.wal.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.wal.model.LaneProtocol.Bounds;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LaneProtocolTest {
  private static final Logger log = LoggerFactory.getLogger(LaneProtocolTest.class);
  private static final int STATES_MAX = 4_000_000;
  private static final Set<Weakness> AS_DESIGNED = EnumSet.noneOf(Weakness.class);

  @ParameterizedTest(
      name = "slots {0}+{1}, {2} puts in flight, {3} retried, {4} sealers, late fences {5}")
  @CsvSource({
    "3, 0, 2, 3, 1, true", // every put sent twice, one sealer
    "3, 0, 3, 1, 1, true", // deeper pipeline
    "3, 1, 2, 1, 2, false", // two sealers, one of which becomes a writer and is sealed in turn
    "2, 1, 2, 1, 2, true", // the same with fences that land long after they were sent again
  })
  void asDesignedNothingGoesWrongInAnyState(
      int slotsOfFirst,
      int slotsOfSecond,
      int putsInFlight,
      int retries,
      int sealers,
      boolean lateFences) {
    Bounds bounds =
        new Bounds(slotsOfFirst, slotsOfSecond, putsInFlight, retries, sealers, lateFences);
    Explorer.Result result = explore(bounds, AS_DESIGNED);
    log.info("{}: {} states, {} steps", bounds, result.states(), result.steps());
    assertThat(result.violation()).as("after %s", result.trace()).isNull();
  }

  @ParameterizedTest(name = "{0}: {1}")
  @CsvSource({
    "ACK_OUT_OF_ORDER, lost write, 4",
    "FENCE_DELETED, lost write, 9",
    "WAL_FENCED_BEFORE_MANIFEST, lost write, 15",
    "CONFLICT_TAKEN_FOR_SUCCESS, lost write, 6",
    "L0_CUT_OFF_SLOT_BOUNDARY, lost write, 5",
    "ONLY_NEWEST_EPOCH_SEALED, lost write, 8",
    "BOUNDARY_UNCHECKED, lost write, 11",
    "MANIFEST_EPOCH_UNCHECKED, covered twice, 14",
    "ADOPTED_OBJECTS_COLLECTED, live object deleted, 9",
    "READ_BY_PRESENCE, hole in the log, 8",
  })
  void withoutOneSafeguardSomethingGoesWrong(Weakness weakness, String anomaly, int steps) {
    Explorer.Result result = explore(new Bounds(2, 1, 2, 1, 2, false), EnumSet.of(weakness));
    log.info(
        "{}: {} states, {}: {}", weakness, result.states(), result.violation(), result.trace());
    assertThat(result.violation()).startsWith(anomaly + ":");
    assertThat(result.trace()).hasSize(steps);
  }

  @Test
  void everyWeaknessIsAmongTheTests() throws NoSuchMethodException {
    CsvSource source =
        LaneProtocolTest.class
            .getDeclaredMethod(
                "withoutOneSafeguardSomethingGoesWrong", Weakness.class, String.class, int.class)
            .getAnnotation(CsvSource.class);
    assertThat(source.value()).hasSameSizeAs(Weakness.values());
  }

  private static Explorer.Result explore(Bounds bounds, Set<Weakness> weaknesses) {
    return new Explorer(new LaneProtocol(bounds, weaknesses), STATES_MAX).explore();
  }
}
