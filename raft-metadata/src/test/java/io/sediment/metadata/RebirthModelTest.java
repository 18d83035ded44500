package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.EveryOrder.Found;
import io.sediment.metadata.Incarnations.Bounds;
import io.sediment.metadata.Incarnations.Weakness;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Incarnations of a bucket that meet in every order, with every safeguard and without one. */
class RebirthModelTest {
  private static final Logger log = LoggerFactory.getLogger(RebirthModelTest.class);
  private static final int WORLDS_MAX = 2_000_000;

  /** Partitions go from lane to lane while a recovery comes. */
  private static final Bounds LANES_TAKEN = new Bounds(2, 2, List.of(2, 1));

  /** They go to one that is registered late. */
  private static final Bounds LANE_REGISTERED = new Bounds(1, 2, List.of(2, 0));

  /** Recoveries meet. */
  private static final Bounds RECOVERIES_MEET = new Bounds(2, 3, List.of(1, 1, 1));

  /** The same, and nothing else. */
  private static final Bounds RECOVERIES_ALONE = new Bounds(2, 3, List.of(0, 1, 0));

  private static Found walk(Bounds bounds, Weakness... weaknesses) {
    Found found = new EveryOrder<>(new Incarnations(bounds, Set.of(weaknesses)), WORLDS_MAX).walk();
    log.info(
        "without {}, {}: {} worlds, {} after {} steps",
        Set.of(weaknesses),
        bounds,
        found.worlds(),
        found.violation(),
        found.trace().size() - 1);
    return found;
  }

  static List<Bounds> bounds() {
    return List.of(LANES_TAKEN, LANE_REGISTERED, RECOVERIES_MEET);
  }

  @ParameterizedTest
  @MethodSource("bounds")
  void asDesignedNoAcknowledgedRecordIsLostOrMeetsAnother(Bounds bounds) {
    Found found = walk(bounds);
    assertThat(found.violation()).as("after %s", found.trace()).isNull();
    assertThat(found.worlds()).isGreaterThan(10_000);
  }

  @ParameterizedTest
  @CsvSource({
    "EXPORTS_NOT_FENCED, lost write",
    "LANES_NOT_SEALED, lost write",
    "END_READ_BEFORE_THE_FENCE, lost write",
    "MANIFEST_INCARNATION_UNCHECKED, incarnation fell",
  })
  void withoutOneSafeguardSomethingGoesWrong(Weakness weakness, String anomaly) {
    assertThat(walk(LANES_TAKEN, weakness).violation()).startsWith(anomaly);
  }

  @Test
  void withoutAFenceInTheRegistryARecoveryMeetsALaneItDoesNotKnow() {
    Found found = walk(RECOVERIES_ALONE, Weakness.REGISTRY_NOT_FENCED);
    assertThat(found.violation()).contains("lies in lane-2, which is not known");
  }

  /** These two cover each other, and each is kept for the day when the other is missing. */
  @Test
  void anUnbornIncarnationIsFencedAndLooksWhetherItIsTheNewest() {
    assertThat(walk(RECOVERIES_ALONE, Weakness.UNBORN_NOT_FENCED).violation()).isNull();
    assertThat(walk(RECOVERIES_ALONE, Weakness.NOT_LOOKED_WHETHER_NEWEST).violation()).isNull();
    assertThat(
            walk(RECOVERIES_ALONE, Weakness.UNBORN_NOT_FENCED, Weakness.NOT_LOOKED_WHETHER_NEWEST)
                .violation())
        .startsWith("lost write");
  }
}
