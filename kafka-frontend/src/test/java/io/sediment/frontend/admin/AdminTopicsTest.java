package io.sediment.frontend.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What Kafka's own admin client sees of topics and partitions. */
class AdminTopicsTest extends AdminClientTestCase {
  private static Arguments row(String how, Errors expected, NewTopic topic) {
    return Arguments.of(how, expected, topic);
  }

  private static NewTopic configured(String name, String key, String value) {
    return new NewTopic(name, 1, (short) 1).configs(java.util.Collections.singletonMap(key, value));
  }

  static Stream<Arguments> newTopics() {
    short one = 1;
    return Stream.of(
        row("defaults", Errors.NONE, new NewTopic("ct-defaults", -1, (short) -1)),
        row("three replicas", Errors.NONE, new NewTopic("ct-replicas", 2, (short) 3)),
        row("longest name", Errors.NONE, new NewTopic("n".repeat(249), 1, one)),
        row("name too long", Errors.INVALID_TOPIC_EXCEPTION, new NewTopic("n".repeat(250), 1, one)),
        row("dot", Errors.INVALID_TOPIC_EXCEPTION, new NewTopic(".", 1, one)),
        row("two dots", Errors.INVALID_TOPIC_EXCEPTION, new NewTopic("..", 1, one)),
        row("space", Errors.INVALID_TOPIC_EXCEPTION, new NewTopic("a b", 1, one)),
        row("umlaut", Errors.INVALID_TOPIC_EXCEPTION, new NewTopic("\u00e4", 1, one)),
        row("path", Errors.INVALID_TOPIC_EXCEPTION, new NewTopic("../a", 1, one)),
        row("there already", Errors.TOPIC_ALREADY_EXISTS, new NewTopic("ct.there_already", 1, one)),
        row("collision", Errors.INVALID_TOPIC_EXCEPTION, new NewTopic("ct_there.already", 1, one)),
        row("no partitions", Errors.INVALID_PARTITIONS, new NewTopic("ct-none", 0, one)),
        row("minus two partitions", Errors.INVALID_PARTITIONS, new NewTopic("ct-none", -2, one)),
        row(
            "two billion partitions",
            Errors.INVALID_PARTITIONS,
            new NewTopic("ct-many", Integer.MAX_VALUE, one)),
        row(
            "no replicas",
            Errors.INVALID_REPLICATION_FACTOR,
            new NewTopic("ct-none", 1, (short) 0)),
        row(
            "minus two replicas",
            Errors.INVALID_REPLICATION_FACTOR,
            new NewTopic("ct-none", 1, (short) -2)),
        row("config", Errors.NONE, configured("ct-config", "retention.ms", "1000")),
        row("config of null", Errors.NONE, configured("ct-null", "retention.ms", null)),
        row("min in sync", Errors.NONE, configured("ct-isr", "min.insync.replicas", "3")),
        row("unknown config", Errors.INVALID_CONFIG, configured("ct-bad", "retention", "1")),
        row("no number", Errors.INVALID_CONFIG, configured("ct-bad", "retention.ms", "soon")),
        row("out of range", Errors.INVALID_CONFIG, configured("ct-bad", "retention.ms", "-2")),
        row("a share", Errors.NONE, configured("ct-share", OWN_CONFIG, "12.5")),
        row("no share", Errors.NONE, configured("ct-none", OWN_CONFIG, "-1")),
        row("over all", Errors.INVALID_CONFIG, configured("ct-bad", OWN_CONFIG, "100.1")),
        row("below none", Errors.INVALID_CONFIG, configured("ct-bad", OWN_CONFIG, "-0.5")),
        row("no share at all", Errors.INVALID_CONFIG, configured("ct-bad", OWN_CONFIG, "half")),
        row("not a number", Errors.INVALID_CONFIG, configured("ct-bad", OWN_CONFIG, "NaN")),
        row("no policy", Errors.INVALID_CONFIG, configured("ct-bad", "cleanup.policy", "burn")),
        row("no codec", Errors.INVALID_CONFIG, configured("ct-bad", "compression.type", "zip")),
        row("assigned", Errors.NONE, assigned("ct-assigned", List.of(0), List.of(0))),
        row(
            "assigned to nobody",
            Errors.INVALID_REPLICA_ASSIGNMENT,
            assigned("ct-bad", List.of(0), List.of())),
        row(
            "assigned to a stranger",
            Errors.INVALID_REPLICA_ASSIGNMENT,
            assigned("ct-bad", List.of(0), List.of(9))),
        row("assigned twice", Errors.INVALID_REPLICA_ASSIGNMENT, assigned("ct-bad", List.of(0, 0))),
        row(
            "assigned with a gap",
            Errors.INVALID_REPLICA_ASSIGNMENT,
            new NewTopic("ct-bad", Map.of(0, List.of(0), 2, List.of(0)))));
  }

  @SafeVarargs
  private static NewTopic assigned(String name, List<Integer>... brokers) {
    Map<Integer, List<Integer>> assignments = new HashMap<>();
    for (int i = 0; i < brokers.length; i++) {
      assignments.put(i, brokers[i]);
    }
    return new NewTopic(name, assignments);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("newTopics")
  void topicsAreCreatedUnderKafkasRules(String how, Errors expected, NewTopic topic)
      throws Exception {
    if (broker.metadata.image().topic("ct.there_already") == null) {
      broker.createTopic("ct.there_already", 1);
    }
    Set<String> before = admin.listTopics().names().get();
    CreateTopicsResult tried =
        admin.createTopics(List.of(topic), new CreateTopicsOptions().validateOnly(true));
    assertThat(errorOf(tried.all())).as("validate only").isEqualTo(expected);
    assertThat(admin.listTopics().names().get()).isEqualTo(before);

    CreateTopicsResult created = admin.createTopics(List.of(topic));
    assertThat(errorOf(created.all())).isEqualTo(expected);
    if (expected != Errors.NONE) {
      assertThat(admin.listTopics().names().get()).isEqualTo(before);
      return;
    }
    String name = topic.name();
    TopicDescription described = described(name);
    int partitions =
        topic.replicasAssignments() != null
            ? topic.replicasAssignments().size()
            : topic.numPartitions() == -1 ? 4 : topic.numPartitions();
    assertThat(described.partitions()).hasSize(partitions);
    assertThat(created.numPartitions(name).get()).isEqualTo(partitions);
    assertThat(created.replicationFactor(name).get())
        .isEqualTo(Math.max(1, topic.replicationFactor()));
    assertThat(created.topicId(name).get()).isEqualTo(described.topicId());
    assertThat(summary(created.config(name).get()))
        .isEqualTo(summary(configOf(topic(name), false)));
    assertThat(errorOf(admin.createTopics(List.of(topic)).all()))
        .isEqualTo(Errors.TOPIC_ALREADY_EXISTS);
  }

  private static Set<String> summary(Config config) {
    return config.entries().stream()
        .map(e -> e.name() + "=" + e.value() + " " + e.source() + " " + e.isReadOnly())
        .collect(Collectors.toSet());
  }

  private TopicDescription described(String name) throws Exception {
    return admin.describeTopics(List.of(name)).allTopicNames().get().get(name);
  }

  @Test
  void oneBadTopicDoesNotSpoilTheOthers() throws Exception {
    CreateTopicsResult result =
        admin.createTopics(
            List.of(new NewTopic("mixed", 1, (short) 1), new NewTopic("mixed bad", 1, (short) 1)));
    assertThat(errorOf(result.values().get("mixed"))).isEqualTo(Errors.NONE);
    assertThat(errorOf(result.values().get("mixed bad"))).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
    assertThat(described("mixed").partitions()).hasSize(1);
  }

  @Test
  void topicsAreDeletedByNameAndById() throws Exception {
    broker.createTopic("dt-name", 1);
    broker.createTopic("dt-id", 1);
    Uuid id = described("dt-id").topicId();
    assertThat(errorOf(admin.deleteTopics(List.of("dt-name")).all())).isEqualTo(Errors.NONE);
    assertThat(errorOf(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all()))
        .isEqualTo(Errors.NONE);
    assertThat(admin.listTopics().names().get()).doesNotContain("dt-name", "dt-id");
    assertThat(errorOf(admin.deleteTopics(List.of("dt-name")).all()))
        .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(errorOf(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all()))
        .isEqualTo(Errors.UNKNOWN_TOPIC_ID);
    assertThat(errorOf(admin.describeTopics(List.of("dt-name")).allTopicNames()))
        .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    admin.createTopics(List.of(new NewTopic("dt-name", 2, (short) 1))).all().get();
    assertThat(described("dt-name").partitions()).hasSize(2);
  }

  static Stream<Arguments> newPartitions() {
    return Stream.of(
        Arguments.of("two more", Errors.NONE, NewPartitions.increaseTo(4)),
        Arguments.of("assigned", Errors.NONE, NewPartitions.increaseTo(3, List.of(List.of(0)))),
        Arguments.of("as many", Errors.INVALID_PARTITIONS, NewPartitions.increaseTo(2)),
        Arguments.of("fewer", Errors.INVALID_PARTITIONS, NewPartitions.increaseTo(1)),
        Arguments.of("negative", Errors.INVALID_PARTITIONS, NewPartitions.increaseTo(-1)),
        Arguments.of(
            "two billion", Errors.INVALID_PARTITIONS, NewPartitions.increaseTo(Integer.MAX_VALUE)),
        Arguments.of(
            "too few assignments",
            Errors.INVALID_REPLICA_ASSIGNMENT,
            NewPartitions.increaseTo(4, List.of(List.of(0)))),
        Arguments.of(
            "assigned to nobody",
            Errors.INVALID_REPLICA_ASSIGNMENT,
            NewPartitions.increaseTo(3, List.of(List.of()))),
        Arguments.of(
            "assigned twice",
            Errors.INVALID_REPLICA_ASSIGNMENT,
            NewPartitions.increaseTo(3, List.of(List.of(0, 0)))),
        Arguments.of(
            "assigned to a stranger",
            Errors.INVALID_REPLICA_ASSIGNMENT,
            NewPartitions.increaseTo(3, List.of(List.of(9)))));
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("newPartitions")
  void partitionsAreAddedUnderKafkasRules(String how, Errors expected, NewPartitions wanted)
      throws Exception {
    String name = "cp-" + how.replace(' ', '-');
    broker.createTopic(name, 2);
    assertThat(
            errorOf(
                admin
                    .createPartitions(
                        Map.of(name, wanted), new CreatePartitionsOptions().validateOnly(true))
                    .all()))
        .as("validate only")
        .isEqualTo(expected);
    assertThat(described(name).partitions()).hasSize(2);
    assertThat(errorOf(admin.createPartitions(Map.of(name, wanted)).all())).isEqualTo(expected);
    assertThat(described(name).partitions())
        .hasSize(expected == Errors.NONE ? wanted.totalCount() : 2);
  }

  @Test
  void noPartitionsAreAddedToWhatIsNotThere() throws Exception {
    assertThat(
            errorOf(
                admin.createPartitions(Map.of("cp-missing", NewPartitions.increaseTo(2))).all()))
        .isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
  }

  @Test
  void topicsAreDescribedAlikeByNameAndById() throws Exception {
    broker.createTopic("described", 5);
    TopicDescription byName = described("described");
    TopicDescription byId =
        admin
            .describeTopics(TopicCollection.ofTopicIds(List.of(byName.topicId())))
            .allTopicIds()
            .get()
            .get(byName.topicId());
    assertThat(byId.partitions())
        .usingRecursiveFieldByFieldElementComparatorOnFields(
            "partition", "leader", "replicas", "isr")
        .isEqualTo(byName.partitions());
    assertThat(byName.partitions())
        .allSatisfy(
            p -> {
              assertThat(p.leader().id()).isEqualTo(TestBroker.ID);
              assertThat(p.isr()).isEqualTo(p.replicas());
              assertThat(p.leader().port()).isEqualTo(broker.port());
            });
    assertThat(
            errorOf(
                admin
                    .describeTopics(TopicCollection.ofTopicIds(List.of(new Uuid(1, 1))))
                    .allTopicIds()))
        .isEqualTo(Errors.UNKNOWN_TOPIC_ID);
    assertThat(errorOf(admin.describeTopics(List.of("no such")).allTopicNames()))
        .isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
  }
}
