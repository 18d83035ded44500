package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.AlterConfigs.Change;
import io.sediment.metadata.AlterConfigs.Op;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What each command does to an image, and what it refuses. */
class CommandTest {
  private static final UUID T = new UUID(1, 1);
  private static final LaneId LANE = new LaneId(0);
  private static final LaneId OTHER = new LaneId(1);

  /** One broker, 7, that appends to lane 0 under epoch 1. */
  private MetadataImage image = InMemoryClusterMetadata.ofOneBroker(7, "host", 9092).image();

  private <R> R accept(MetadataCommand<R> command) {
    CommandOutcome<R> outcome = command.applyTo(image);
    image = outcome.image();
    return outcome.result().valueOrThrow();
  }

  private <R> void assertRejected(MetadataCommand<R> command, RejectionCode code) {
    CommandOutcome<R> outcome = command.applyTo(image);
    assertThat(outcome.image()).isSameAs(image);
    assertThat(outcome.changedRows()).isEmpty();
    assertThat(outcome.result())
        .isInstanceOfSatisfying(
            CommandResult.Rejected.class, r -> assertThat(r.code()).isEqualTo(code));
  }

  private static <V> void assertRejected(CommandResult<V> result, RejectionCode code) {
    assertThat(result)
        .isInstanceOfSatisfying(
            CommandResult.Rejected.class, r -> assertThat(r.code()).isEqualTo(code));
  }

  private static NewTopic topic(UUID id, String name, int partitions) {
    return new NewTopic(id, name, partitions, 1, List.of(), Map.of());
  }

  private CommandResult<CreatedTopic> create(NewTopic topic) {
    return accept(new CreateTopics(List.of(topic))).get(0);
  }

  private Partition partition(int index) {
    Partition partition = image.partition(T, index);
    assertThat(partition).isNotNull();
    return partition;
  }

  private static PartitionId id(int partition) {
    return new PartitionId(T, partition);
  }

  /** Restarts the broker of lane 0, whose partitions end at these offsets. */
  private void reopen(Map<PartitionId, Long> endOffsets) {
    long epoch = accept(new OpenLane(LANE, 7, 1));
    accept(new LaneOpened(LANE, epoch, endOffsets));
  }

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
  void eachTopicOfARequestIsMadeOrNotByItself() {
    List<CommandResult<CreatedTopic>> results =
        accept(
            new CreateTopics(
                List.of(
                    topic(T, "a", 2),
                    topic(new UUID(1, 2), "a", 1),
                    topic(T, "b", 1),
                    topic(new UUID(1, 3), "c", 0),
                    topic(new UUID(1, 4), "d", 1))));
    assertThat(results.get(0).valueOrThrow()).isEqualTo(new CreatedTopic(T, "a", 2, 1));
    assertRejected(results.get(1), RejectionCode.TOPIC_EXISTS);
    assertRejected(results.get(2), RejectionCode.TOPIC_EXISTS);
    assertRejected(results.get(3), RejectionCode.INVALID_PARTITIONS);
    assertThat(results.get(4).isAccepted()).isTrue();
    assertThat(image.topicIds()).containsOnlyKeys("a", "d");
  }

  @Test
  void theSameTopicRequestOnceMoreIsAccepted() {
    create(topic(T, "t", 2));
    MetadataImage before = image;
    assertThat(create(topic(T, "t", 2)).isAccepted()).isTrue();
    assertThat(image).isSameAs(before);
  }

  @Test
  void partitionsGoRoundAllActiveLanesOrWhereTheyAreTold() {
    accept(new RegisterBroker(8, T, "b", 1, null));
    accept(new RegisterLane(OTHER, 8));
    long epoch = accept(new OpenLane(OTHER, 8, 1));
    accept(new LaneOpened(OTHER, epoch, Map.of()));
    create(topic(T, "t", 4));
    assertThat(image.topic(T).partitions())
        .extracting(p -> image.leaderOf(p))
        .containsExactlyInAnyOrder(7, 7, 8, 8);

    UUID told = new UUID(2, 2);
    create(new NewTopic(told, "told", 3, 2, List.of(8, 7, 8), Map.of()));
    assertThat(image.topic(told).partitions())
        .extracting(p -> image.leaderOf(p))
        .containsExactly(8, 7, 8);
    assertRejected(
        create(new NewTopic(new UUID(2, 3), "x", 1, 1, List.of(9), Map.of())),
        RejectionCode.INVALID_ASSIGNMENT);
    assertRejected(
        create(new NewTopic(new UUID(2, 3), "x", 2, 1, List.of(7), Map.of())),
        RejectionCode.INVALID_ASSIGNMENT);
  }

  @Test
  void withoutAnActiveLaneNoTopicIsMade() {
    accept(new OpenLane(LANE, 7, 1));
    assertRejected(create(topic(T, "t", 1)), RejectionCode.NO_ACTIVE_LANE);
  }

  @Test
  void aDeletedTopicIsRememberedUntilItsLastLaneLetsGo() {
    create(topic(T, "t", 1));
    List<CommandResult<String>> results = accept(new DeleteTopics(List.of(T, new UUID(5, 5))));
    assertThat(results.get(0).valueOrThrow()).isEqualTo("t");
    assertRejected(results.get(1), RejectionCode.UNKNOWN_TOPIC);
    assertThat(image.topic("t")).isNull();
    assertThat(image.deletedTopics().get(T).lanes()).containsExactly(LANE);
    assertRejected(create(topic(T, "again", 1)), RejectionCode.TOPIC_EXISTS);
    assertThat(create(topic(new UUID(1, 2), "t", 1)).isAccepted()).isTrue();

    assertThat(accept(new DropDeletedTopics(OTHER, List.of(T)))).isZero();
    assertThat(accept(new DropDeletedTopics(LANE, List.of(T)))).isEqualTo(1);
    assertThat(image.deletedTopics()).isEmpty();
  }

  @Test
  void partitionCountsOnlyGrow() {
    create(topic(T, "t", 2));
    Partition kept = partition(1);
    accept(new CreatePartitions(List.of(new CreatePartitions.Growth(T, 5, List.of()))))
        .forEach(CommandResult::valueOrThrow);
    assertThat(image.topic(T).partitionCount()).isEqualTo(5);
    assertThat(partition(1)).isSameAs(kept);
    for (int count : new int[] {5, 4, 0, -1}) {
      assertRejected(
          accept(new CreatePartitions(List.of(new CreatePartitions.Growth(T, count, List.of()))))
              .get(0),
          RejectionCode.INVALID_PARTITIONS);
    }
    assertRejected(
        accept(new CreatePartitions(List.of(new CreatePartitions.Growth(T, 7, List.of(7))))).get(0),
        RejectionCode.INVALID_ASSIGNMENT);
  }

  @Test
  void configsAreSetDeletedAndReplaced() {
    create(topic(T, "t", 1));
    ConfigResource topic = ConfigResource.topic("t");
    for (ConfigResource resource :
        List.of(topic, ConfigResource.broker(7), ConfigResource.CLUSTER)) {
      alter(new Change(resource, false, List.of(new Op("a", "1"), new Op("b", "2"))));
      alter(new Change(resource, false, List.of(new Op("a", null))));
      assertThat(image.configs(resource)).isEqualTo(Map.of("b", "2"));
      alter(new Change(resource, true, List.of(new Op("c", "3"))));
      assertThat(image.configs(resource)).isEqualTo(Map.of("c", "3"));
    }
    alter(new Change(ConfigResource.CLUSTER, true, List.of()));
    assertThat(image.configuredResources()).containsExactly(ConfigResource.broker(7));
    assertRejected(
        accept(
                new AlterConfigs(
                    List.of(new Change(ConfigResource.topic("none"), false, List.of()))))
            .get(0),
        RejectionCode.UNKNOWN_TOPIC);
  }

  private void alter(Change change) {
    accept(new AlterConfigs(List.of(change))).get(0).valueOrThrow();
  }

  @Test
  void logStartsOnlyRiseAndDropPlacementsBelowThem() {
    create(topic(T, "t", 2));
    reopen(Map.of(id(0), 10L));
    reopen(Map.of(id(0), 20L));
    assertThat(partition(0).placements()).hasSize(3);

    PartitionId unknown = new PartitionId(new UUID(9, 9), 0);
    assertThat(accept(new RaiseLogStarts(Map.of(id(0), 10L, unknown, 3L, id(9), 3L)))).isEqualTo(1);
    assertThat(partition(0).logStartOffset()).isEqualTo(10);
    assertThat(partition(0).placements())
        .extracting(Placement::startOffset)
        .containsExactly(10L, 20L);
    assertThat(accept(new RaiseLogStarts(Map.of(id(0), 9L)))).isZero();
    assertThat(partition(0).logStartOffset()).isEqualTo(10);
    accept(new RaiseLogStarts(Map.of(id(0), 19L)));
    assertThat(partition(0).placements()).hasSize(2);
  }

  @Test
  void producerIdBlocksNeverOverlap() {
    AllocateProducerIds.Block first = accept(new AllocateProducerIds(7, 1, 1000));
    AllocateProducerIds.Block second = accept(new AllocateProducerIds(7, 1, 10));
    assertThat(first).isEqualTo(new AllocateProducerIds.Block(0, 1000));
    assertThat(second).isEqualTo(new AllocateProducerIds.Block(1000, 10));
    assertRejected(new AllocateProducerIds(7, 9, 1), RejectionCode.STALE_BROKER_EPOCH);
    assertRejected(new AllocateProducerIds(8, 1, 1), RejectionCode.UNKNOWN_BROKER);
    assertRejected(new AllocateProducerIds(7, 1, 0), RejectionCode.INVALID_REQUEST);
  }

  @Test
  void featureLevelsAreSetAndRemoved() {
    accept(new SetFeatureLevels(Map.of("a", 1, "b", 2)));
    accept(new SetFeatureLevels(Map.of("a", 0)));
    assertThat(image.features()).isEqualTo(Map.of("b", 2));
    assertRejected(new SetFeatureLevels(Map.of("a", -1)), RejectionCode.INVALID_REQUEST);
  }

  @Test
  void anUntouchedTopicIsTheSameObjectInTheNextImage() {
    create(topic(T, "t", 1));
    Topic before = image.topic(T);
    create(topic(new UUID(1, 2), "u", 1));
    assertThat(image.topic(T)).isSameAs(before);
  }

  /** Brokers 7 and 8 with lanes 0 and 1; four partitions, two in each. */
  private void twoBrokers() {
    accept(new RegisterBroker(8, T, "b", 1, null));
    accept(new RegisterLane(OTHER, 8));
    accept(new LaneOpened(OTHER, accept(new OpenLane(OTHER, 8, 1)), Map.of()));
    create(new NewTopic(T, "t", 4, 1, List.of(7, 7, 8, 8), Map.of()));
  }

  private static MovePartitions move(int partition, int leaderEpoch, long end, int target) {
    return new MovePartitions(
        LANE, 1, List.of(new MovePartitions.Move(id(partition), leaderEpoch, end, target)));
  }

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
