package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Who registers and opens lanes, and what becomes of the partitions in them. */
class LaneCommandTest extends CommandTestCase {
  @Test
  void aBrokerEpochGrowsWithEachProcessAndNotWithARepeat() {
    assertThat(accept(new RegisterBroker(7, new UUID(1, 7), "host", 9092, null))).isEqualTo(1);
    assertThat(accept(new RegisterBroker(7, new UUID(9, 9), "host", 9092, "r"))).isEqualTo(2);
    assertThat(accept(new RegisterBroker(7, new UUID(9, 9), "moved", 9092, "r"))).isEqualTo(2);
    assertThat(image.broker(7).host()).isEqualTo("moved");
    assertRejected(new RegisterBroker(8, T, "", 9092, null), RejectionCode.INVALID_REQUEST);
  }

  @Test
  void aBrokerWithLanesIsNotForgottenAndOneWithoutComesBackAsANewOne() {
    assertRejected(new UnregisterBroker(8), RejectionCode.UNKNOWN_BROKER);
    accept(new RegisterBroker(8, new UUID(1, 8), "b", 1, null));
    long newest = accept(new RegisterBroker(8, new UUID(2, 8), "b", 1, null));
    accept(new RegisterLane(OTHER, 8));
    assertRejected(new UnregisterBroker(8), RejectionCode.BROKER_HAS_LANES);
    accept(new LaneOpened(OTHER, accept(new OpenLane(OTHER, 8, newest)), Map.of()));
    create(topic(T, "t", 1));
    accept(new PreferLeaders(List.of(new PreferLeaders.Choice(id(0), 8))));
    long sealing = accept(new SealLane(OTHER, 1, 7, 1));
    assertThat(image.lane(OTHER).owner()).isEqualTo(7);
    accept(new LaneSealed(OTHER, sealing, Map.of()));

    accept(new UnregisterBroker(8));
    assertThat(image.broker(8)).isNull();
    assertThat(image.preferredLeaders()).isEmpty();
    assertRejected(new RegisterLane(new LaneId(2), 8), RejectionCode.UNKNOWN_BROKER);
    assertThat(accept(new RegisterBroker(8, new UUID(3, 8), "b", 1, null)))
        .as("no process before it had this epoch")
        .isGreaterThan(newest);
    assertRejected(new OpenLane(OTHER, 8, newest), RejectionCode.STALE_BROKER_EPOCH);
  }

  @Test
  void aLaneIsRegisteredOnceAndByAKnownBroker() {
    assertRejected(new RegisterLane(OTHER, 8), RejectionCode.UNKNOWN_BROKER);
    assertRejected(new RegisterLane(LANE, 7), RejectionCode.LANE_EXISTS);
    accept(new RegisterLane(OTHER, 7));
    accept(new RegisterLane(OTHER, 7));
    assertThat(image.lane(OTHER)).isEqualTo(new Lane(OTHER, 7, 0, Lane.State.OPENING));
  }

  @Test
  void onlyTheNewestProcessOfItsOwnerOpensALane() {
    assertRejected(new OpenLane(LANE, 8, 1), RejectionCode.UNKNOWN_BROKER);
    assertRejected(new OpenLane(LANE, 7, 0), RejectionCode.STALE_BROKER_EPOCH);
    assertRejected(new OpenLane(OTHER, 7, 1), RejectionCode.UNKNOWN_LANE);
    accept(new RegisterBroker(8, T, "b", 1, null));
    assertRejected(new OpenLane(LANE, 8, 1), RejectionCode.NOT_LANE_OWNER);
    image = image.edit().put(new Lane(LANE, 7, 5, Lane.State.SEALED)).image();
    assertRejected(new OpenLane(LANE, 7, 1), RejectionCode.WRONG_LANE_STATE);
  }

  @Test
  void nobodyLeadsWhileALaneOpens() {
    create(topic(T, "t", 1));
    assertThat(image.leaderOf(partition(0))).isEqualTo(7);
    long epoch = accept(new OpenLane(LANE, 7, 1));
    assertThat(epoch).isEqualTo(2);
    assertThat(image.leaderOf(partition(0))).isEqualTo(MetadataImage.NO_LEADER);
    accept(new LaneOpened(LANE, epoch, Map.of(id(0), 5L)));
    assertThat(image.leaderOf(partition(0))).isEqualTo(7);
  }

  @Test
  void reopeningGivesEveryPartitionANewLeaderEpochAtItsEnd() {
    create(topic(T, "t", 3));
    reopen(Map.of(id(0), 10L, id(1), 0L));
    assertThat(partition(0).placements())
        .containsExactly(new Placement(0, LANE, 1, 0), new Placement(1, LANE, 2, 10));
    // Nothing was appended to these, so there is no history to keep.
    assertThat(partition(1).placements()).containsExactly(new Placement(1, LANE, 2, 0));
    assertThat(partition(2).placements()).containsExactly(new Placement(1, LANE, 2, 0));
  }

  @Test
  void anUnnamedPartitionGoesOnWhereItsLogStarts() {
    create(topic(T, "t", 1));
    reopen(Map.of(id(0), 10L));
    accept(new RaiseLogStarts(Map.of(id(0), 25L)));
    reopen(Map.of());
    assertThat(partition(0).placements()).containsExactly(new Placement(2, LANE, 3, 25));
  }

  @Test
  void laneOpenedTouchesOnlyPartitionsThatAreStillOnThatLaneUnderAnOlderEpoch() {
    create(topic(T, "t", 2));
    Partition elsewhere = partition(1).withPlacement(new Placement(4, OTHER, 1, 9));
    image =
        image.edit().put(image.topic(T).withPartitions(List.of(partition(0), elsewhere))).image();
    long epoch = accept(new OpenLane(LANE, 7, 1));
    assertThat(accept(new LaneOpened(LANE, epoch, Map.of(id(0), 3L, id(1), 8L)))).isEqualTo(1);
    assertThat(partition(1)).isSameAs(elsewhere);
  }

  @Test
  void laneOpenedOfAnOlderEpochIsRefusedAndARepeatDoesNothing() {
    create(topic(T, "t", 1));
    long first = accept(new OpenLane(LANE, 7, 1));
    long second = accept(new OpenLane(LANE, 7, 1));
    assertRejected(new LaneOpened(LANE, first, Map.of()), RejectionCode.STALE_LANE_EPOCH);
    accept(new LaneOpened(LANE, second, Map.of(id(0), 3L)));
    CommandOutcome<Integer> again = new LaneOpened(LANE, second, Map.of(id(0), 4L)).applyTo(image);
    assertThat(again.image()).isSameAs(image);
  }

  @Test
  void anEndBelowTheStartOfAPlacementIsRefused() {
    create(topic(T, "t", 1));
    reopen(Map.of(id(0), 10L));
    long epoch = accept(new OpenLane(LANE, 7, 1));
    assertRejected(
        new LaneOpened(LANE, epoch, Map.of(id(0), 9L)), RejectionCode.OFFSET_OUT_OF_RANGE);
  }

  @Test
  void aLaneThatLostRecordsIsToldFromOneThatGotNone() {
    twoBrokers();
    accept(move(0, 0, 10, 8));
    accept(new MovePartitions(OTHER, 1, List.of(new MovePartitions.Move(id(0), 1, 20, 7))));
    reopen(Map.of(id(0), 30L));
    long epoch = accept(new OpenLane(LANE, 7, 1));
    assertRejected(
        new LaneOpened(LANE, epoch, Map.of(id(0), 10L)), RejectionCode.OFFSET_OUT_OF_RANGE);
  }
}
