package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Partitions are handed over by the owner of their lane, and who wishes for that. */
class MovePartitionsTest extends CommandTestCase {
  @Test
  void aPartitionIsHandedOverOnceWhereItEnds() {
    twoBrokers();
    MovePartitions move = move(0, 0, 10, 8);
    assertThat(accept(move)).isEqualTo(1);
    assertThat(partition(0).placements())
        .containsExactly(new Placement(0, LANE, 1, 0), new Placement(1, OTHER, 1, 10));
    assertThat(image.leaderOf(partition(0))).isEqualTo(8);
    assertThat(accept(move)).as("its answer was lost").isZero();

    // There and back again, and then the first answer is still not known.
    accept(new MovePartitions(OTHER, 1, List.of(new MovePartitions.Move(id(0), 1, 20, 7))));
    MetadataImage back = image;
    assertThat(accept(move)).isZero();
    assertThat(image).isSameAs(back);
    assertThat(partition(0).current()).isEqualTo(new Placement(2, LANE, 1, 20));
    assertRejected(move(0, 2, 19, 8), RejectionCode.OFFSET_OUT_OF_RANGE);
  }

  @Test
  void partitionsWithoutAWishGoWhereTheFewestAre() {
    twoBrokers();
    accept(new RegisterBroker(9, T, "c", 1, null));
    LaneId third = new LaneId(2);
    accept(new RegisterLane(third, 9));
    accept(new LaneOpened(third, accept(new OpenLane(third, 9, 1)), Map.of()));
    accept(move(0, 0, 0, MovePartitions.ANY_BROKER));
    assertThat(image.leaderOf(partition(0))).isEqualTo(9);
    accept(move(1, 0, 5, 6)); // nobody of that number
    assertThat(image.leaderOf(partition(1))).isEqualTo(9);
  }

  @Test
  void whatNobodyElseCanTakeStaysUnderANewLeaderEpoch() {
    create(topic(T, "t", 1));
    assertThat(accept(move(0, 0, 3, MovePartitions.ANY_BROKER))).isEqualTo(1);
    assertThat(partition(0).current()).isEqualTo(new Placement(1, LANE, 1, 3));
    assertThat(image.leaderOf(partition(0))).isEqualTo(7);
  }

  @Test
  void nothingIsHandedOverOnceTheLaneWasTakenAway() {
    twoBrokers();
    MovePartitions move = move(0, 0, 10, 8);
    accept(new SealLane(LANE, 1, 8, 1));
    assertRejected(move, RejectionCode.STALE_LANE_EPOCH);
    assertRejected(new MovePartitions(LANE, 2, move.moves()), RejectionCode.WRONG_LANE_STATE);
    assertRejected(new MovePartitions(new LaneId(5), 1, move.moves()), RejectionCode.UNKNOWN_LANE);
  }

  @Test
  void aDrainingLaneKeepsItsPartitionsAndGetsNoMore() {
    twoBrokers();
    assertRejected(new DrainLane(LANE, 1, 7, 0), RejectionCode.STALE_BROKER_EPOCH);
    assertRejected(new DrainLane(LANE, 2, 7, 1), RejectionCode.STALE_LANE_EPOCH);
    assertRejected(new DrainLane(LANE, 1, 8, 1), RejectionCode.NOT_LANE_OWNER);
    assertRejected(new DrainLane(new LaneId(5), 1, 7, 1), RejectionCode.UNKNOWN_LANE);
    accept(new DrainLane(LANE, 1, 7, 1));
    accept(new DrainLane(LANE, 1, 7, 1));
    assertThat(image.leaderOf(partition(0))).isEqualTo(7);
    assertThat(image.servingBrokers()).containsOnlyKeys(7, 8);
    create(topic(new UUID(2, 2), "u", 3));
    for (Partition partition : image.topic("u").partitions()) {
      assertThat(image.leaderOf(partition)).isEqualTo(8);
    }
    // Nor from another lane, and after it was opened again it is as any other.
    accept(new MovePartitions(OTHER, 1, List.of(new MovePartitions.Move(id(2), 0, 5, 7))));
    assertThat(image.leaderOf(partition(2))).isEqualTo(8);
    reopen(Map.of());
    assertThat(image.lane(LANE).state()).isEqualTo(Lane.State.ACTIVE);
  }

  @Test
  void aPartitionThatCameBackAndGotNothingGoesOnWhereItCameBack() {
    twoBrokers();
    accept(move(0, 0, 10, 8));
    accept(new MovePartitions(OTHER, 1, List.of(new MovePartitions.Move(id(0), 1, 20, 7))));
    // What the lane holds of it ends at 10.
    reopen(Map.of(id(0), 10L));
    assertThat(partition(0).current()).isEqualTo(new Placement(3, LANE, 2, 20));
    long epoch = accept(new SealLane(LANE, 2, 8, 1));
    accept(new LaneSealed(LANE, epoch, Map.of(id(0), 10L)));
    assertThat(partition(0).current().startOffset()).isEqualTo(20);
  }

  private CommandResult<CommandResult.Done> prefer(int partition, int broker) {
    return accept(new PreferLeaders(List.of(new PreferLeaders.Choice(id(partition), broker))))
        .get(0);
  }

  @Test
  void whoShallLeadDoesWhenTheLeaderHasHandedOver() {
    twoBrokers();
    assertThat(prefer(0, 8).isAccepted()).isTrue();
    assertThat(image.preferredLeader(id(0))).isEqualTo(new PreferredLeader(8, true));
    assertThat(image.isMoving(id(0))).isTrue();
    assertThat(image.leaderOf(partition(0))).isEqualTo(7);

    accept(move(0, 0, 10, 8));
    assertThat(image.isMoving(id(0))).isFalse();
    assertThat(image.preferredLeader(id(0))).isEqualTo(new PreferredLeader(8, false));

    // What comes later is not undone by itself.
    accept(new MovePartitions(OTHER, 1, List.of(new MovePartitions.Move(id(0), 1, 20, 7))));
    assertThat(image.isMoving(id(0))).isFalse();
    prefer(0, 8);
    assertThat(image.isMoving(id(0))).isTrue();

    accept(new DeleteTopics(List.of(T)));
    assertThat(image.preferredLeaders()).isEmpty();
  }

  @Test
  void aMoveToSomebodyElseDoesNotEndAWish() {
    twoBrokers();
    prefer(0, 8);
    accept(new DrainLane(OTHER, 1, 8, 1));
    accept(move(0, 0, 10, 8));
    assertThat(image.leaderOf(partition(0))).isEqualTo(7);
    assertThat(image.isMoving(id(0))).isTrue();
  }

  @Test
  void aWishIsTakenBackOnlyWhileItIsOne() {
    twoBrokers();
    assertRejected(prefer(0, PreferLeaders.NOBODY), RejectionCode.NO_MOVE_IN_PROGRESS);
    assertThat(prefer(0, 7).isAccepted()).as("it leads already").isTrue();
    assertRejected(prefer(0, PreferLeaders.NOBODY), RejectionCode.NO_MOVE_IN_PROGRESS);
    prefer(0, 8);
    assertThat(prefer(0, PreferLeaders.NOBODY).isAccepted()).isTrue();
    assertThat(image.preferredLeaders()).isEmpty();
    assertRejected(prefer(0, 9), RejectionCode.INVALID_ASSIGNMENT);
    assertRejected(prefer(99, 8), RejectionCode.UNKNOWN_TOPIC);
  }
}
