package io.sediment.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.AlterConfigs.Change;
import io.sediment.metadata.AlterConfigs.Op;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Topics, their configs, their log starts, and what else is the cluster's. */
class TopicCommandTest extends CommandTestCase {
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
}
