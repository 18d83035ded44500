package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A lane is taken from its broker, and its partitions go on elsewhere. */
class SealLaneTest extends CommandTestCase {
  @Test
  void aLaneIsTakenFromItsBrokerOnceForEachEpochKnown() {
    twoBrokers();
    assertRejected(new SealLane(LANE, 1, 9, 1), RejectionCode.UNKNOWN_BROKER);
    assertRejected(new SealLane(LANE, 1, 8, 0), RejectionCode.STALE_BROKER_EPOCH);
    assertRejected(new SealLane(new LaneId(5), 1, 8, 1), RejectionCode.UNKNOWN_LANE);
    assertRejected(new SealLane(LANE, 2, 8, 1), RejectionCode.STALE_LANE_EPOCH);
    assertThat(accept(new SealLane(LANE, 1, 8, 1))).isEqualTo(2);
    assertThat(image.lane(LANE)).isEqualTo(new Lane(LANE, 8, 2, Lane.State.SEALING));
    assertThat(image.leaderOf(partition(0))).isEqualTo(MetadataImage.NO_LEADER);
    assertThat(image.servingBrokers()).containsOnlyKeys(8);
    assertRejected(new SealLane(LANE, 1, 8, 1), RejectionCode.STALE_LANE_EPOCH);
    // The broker that was believed dead comes back, and a sealer that died is followed by another.
    assertRejected(new OpenLane(LANE, 7, 1), RejectionCode.NOT_LANE_OWNER);
    assertRejected(new OpenLane(LANE, 8, 1), RejectionCode.WRONG_LANE_STATE);
    assertThat(accept(new SealLane(LANE, 2, 7, 1))).isEqualTo(3);
  }

  @Test
  void aBrokerThatCameBackFirstKeepsItsLane() {
    twoBrokers();
    accept(new OpenLane(LANE, 7, 1));
    assertRejected(new SealLane(LANE, 1, 8, 1), RejectionCode.STALE_LANE_EPOCH);
  }

  @Test
  void aSealedLanesPartitionsGoOnInActiveLanesUnderNewLeaderEpochs() {
    twoBrokers();
    long epoch = accept(new SealLane(LANE, 1, 8, 1));
    assertThat(accept(new LaneSealed(LANE, epoch, Map.of(id(0), 10L, id(2), 99L)))).isEqualTo(2);
    assertThat(image.lane(LANE).state()).isEqualTo(Lane.State.SEALED);
    assertThat(partition(0).placements())
        .containsExactly(new Placement(0, LANE, 1, 0), new Placement(1, OTHER, 1, 10));
    assertThat(partition(1).placements()).containsExactly(new Placement(1, OTHER, 1, 0));
    assertThat(partition(2).placements()).containsExactly(new Placement(0, OTHER, 1, 0));
    assertThat(image.leaderOf(partition(0))).isEqualTo(8);
    CommandOutcome<Integer> again = new LaneSealed(LANE, epoch, Map.of(id(0), 3L)).applyTo(image);
    assertThat(again.image()).isSameAs(image);
  }

  @Test
  void aSealUnderAnotherGrantPlacesNothing() {
    twoBrokers();
    long first = accept(new SealLane(LANE, 1, 8, 1));
    long second = accept(new SealLane(LANE, first, 7, 1));
    assertRejected(new LaneSealed(LANE, first, Map.of()), RejectionCode.STALE_LANE_EPOCH);
    assertRejected(new LaneSealed(OTHER, 1, Map.of()), RejectionCode.WRONG_LANE_STATE);
    accept(new LaneSealed(LANE, second, Map.of()));
    assertRejected(new SealLane(LANE, second, 8, 1), RejectionCode.WRONG_LANE_STATE);
  }

  @Test
  void aSealedEndBelowTheStartOfAPlacementIsRefused() {
    twoBrokers();
    long epoch = accept(new SealLane(LANE, 1, 8, 1));
    accept(new RaiseLogStarts(Map.of(id(0), 5L)));
    assertRejected(
        new LaneSealed(LANE, epoch, Map.of(id(0), 4L)), RejectionCode.OFFSET_OUT_OF_RANGE);
  }

  @Test
  void partitionsWaitForAnActiveLane() {
    twoBrokers();
    long first = accept(new SealLane(LANE, 1, 8, 1));
    long second = accept(new SealLane(OTHER, 1, 7, 1));
    assertRejected(new LaneSealed(LANE, first, Map.of()), RejectionCode.NO_ACTIVE_LANE);
    LaneId third = new LaneId(2);
    accept(new RegisterLane(third, 7));
    accept(new LaneOpened(third, accept(new OpenLane(third, 7, 1)), Map.of()));
    assertThat(accept(new LaneSealed(LANE, first, Map.of()))).isEqualTo(2);
    assertThat(accept(new LaneSealed(OTHER, second, Map.of()))).isEqualTo(2);
    assertThat(image.topic(T).partitions()).extracting(p -> image.leaderOf(p)).containsOnly(7);
  }

  @Test
  void theHeirsOfALaneAreSpreadSoThatAllHoldEquallyMany() {
    twoBrokers();
    LaneId third = new LaneId(2);
    accept(new RegisterBroker(9, new UUID(9, 9), "c", 1, null));
    accept(new RegisterLane(third, 9));
    accept(new LaneOpened(third, accept(new OpenLane(third, 9, 1)), Map.of()));
    long epoch = accept(new SealLane(LANE, 1, 8, 1));
    accept(new LaneSealed(LANE, epoch, Map.of()));
    assertThat(image.topic(T).partitions())
        .extracting(p -> image.leaderOf(p))
        .containsExactly(9, 9, 8, 8);
  }

  @Test
  void whatASealedLaneStillNeedsPassesOnUnderTheNextEpoch() {
    twoBrokers();
    assertRejected(new PassSealedLane(LANE, 1, 8, 1), RejectionCode.WRONG_LANE_STATE);
    long epoch = accept(new SealLane(LANE, 1, 8, 1));
    accept(new LaneSealed(LANE, epoch, Map.of()));
    assertRejected(new PassSealedLane(LANE, 1, 7, 1), RejectionCode.STALE_LANE_EPOCH);
    assertRejected(new PassSealedLane(LANE, epoch, 7, 9), RejectionCode.STALE_BROKER_EPOCH);
    assertThat(accept(new PassSealedLane(LANE, epoch, 7, 1))).isEqualTo(epoch + 1);
    assertThat(image.lane(LANE)).isEqualTo(new Lane(LANE, 7, epoch + 1, Lane.State.SEALED));
  }
}
