package io.sediment.frontend.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.kafka.TopicConfigDefinitions;
import io.sediment.frontend.partition.Batches;
import io.sediment.runtime.Await;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.FeatureMetadata;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What Kafka's own admin client sees. One broker for all; every test has topics of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminClientTest {
  private static final ConfigResource BROKER =
      new ConfigResource(ConfigResource.Type.BROKER, Integer.toString(TestBroker.ID));
  private static final String OWN_CONFIG = "retention.budget.percent";
  private static final ConfigResource ALL_BROKERS =
      new ConfigResource(ConfigResource.Type.BROKER, "");

  private TestBroker broker;
  private Admin admin;

  @BeforeAll
  void start() throws Exception {
    broker =
        TestBroker.start(new FrontendSettings(false, 4, 1, 1 << 20, 100), UnaryOperator.identity());
    Properties properties = new Properties();
    properties.put("bootstrap.servers", broker.bootstrap());
    admin = Admin.create(properties);
  }

  @AfterAll
  void stop() {
    admin.close();
    broker.close();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  private static Errors errorOf(KafkaFuture<?> future) throws InterruptedException {
    try {
      future.get();
      return Errors.NONE;
    } catch (ExecutionException e) {
      return Errors.forException(e.getCause());
    }
  }

  private static ConfigResource topic(String name) {
    return new ConfigResource(ConfigResource.Type.TOPIC, name);
  }

  private static TopicPartition partition(String topic) {
    return new TopicPartition(topic, 0);
  }

  private void produce(String topic, long... timestamps) throws Exception {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", broker.bootstrap());
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (long timestamp : timestamps) {
        producer.send(new ProducerRecord<>(topic, 0, timestamp, null, new byte[] {1})).get();
      }
    }
  }

  private Config configOf(ConfigResource resource, boolean synonyms) throws Exception {
    return admin
        .describeConfigs(List.of(resource), new DescribeConfigsOptions().includeSynonyms(synonyms))
        .all()
        .get()
        .get(resource);
  }

  private Errors alter(ConfigResource resource, OpType type, String name, String value)
      throws InterruptedException {
    return errorOf(
        admin
            .incrementalAlterConfigs(
                Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(name, value), type))))
            .all());
  }

  // Topics.

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

  // Records.

  @Test
  void recordsAreDeletedUpToAnOffset() throws Exception {
    broker.createTopic("dr", 1);
    produce("dr", 10, 20, 30, 40);
    TopicPartition p = partition("dr");
    assertThat(
            admin
                .deleteRecords(Map.of(p, RecordsToDelete.beforeOffset(2)))
                .lowWatermarks()
                .get(p)
                .get()
                .lowWatermark())
        .isEqualTo(2);
    assertThat(offset(p, OffsetSpec.earliest()).offset()).isEqualTo(2);
    assertThat(
            admin
                .deleteRecords(Map.of(p, RecordsToDelete.beforeOffset(1)))
                .lowWatermarks()
                .get(p)
                .get()
                .lowWatermark())
        .as("what is deleted stays deleted")
        .isEqualTo(2);
    assertThat(deleteRecords(p, 5)).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
    assertThat(deleteRecords(p, -2)).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
    assertThat(offset(p, OffsetSpec.forTimestamp(15)).offset()).isEqualTo(2);
    assertThat(deleteRecords(p, -1)).isEqualTo(Errors.NONE);
    assertThat(offset(p, OffsetSpec.earliest()).offset()).isEqualTo(4);
    assertThat(offset(p, OffsetSpec.latest()).offset()).isEqualTo(4);
    assertThat(offset(p, OffsetSpec.maxTimestamp()).offset()).isEqualTo(-1);
  }

  private Errors deleteRecords(TopicPartition partition, long before) throws Exception {
    return errorOf(
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(before))).all());
  }

  private ListOffsetsResultInfo offset(TopicPartition partition, OffsetSpec spec) throws Exception {
    return admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get();
  }

  @Test
  void offsetsAreListedByPlaceAndByTime() throws Exception {
    broker.createTopic("lo", 1);
    TopicPartition p = partition("lo");
    assertThat(offset(p, OffsetSpec.forTimestamp(0)).offset()).as("of nothing").isEqualTo(-1);
    assertThat(offset(p, OffsetSpec.maxTimestamp()).offset()).as("of nothing").isEqualTo(-1);
    assertThat(offset(p, OffsetSpec.latest()).offset()).isZero();
    produce("lo", 100, 300, 200);
    assertThat(offset(p, OffsetSpec.earliest()).offset()).isZero();
    assertThat(offset(p, OffsetSpec.latest()).offset()).isEqualTo(3);
    assertThat(offset(p, OffsetSpec.latest()).leaderEpoch()).isPresent();
    assertThat(offset(p, OffsetSpec.maxTimestamp()).offset()).isEqualTo(1);
    assertThat(offset(p, OffsetSpec.maxTimestamp()).timestamp()).isEqualTo(300);
    assertThat(offset(p, OffsetSpec.forTimestamp(101)).offset()).isEqualTo(1);
    assertThat(offset(p, OffsetSpec.forTimestamp(101)).timestamp()).isEqualTo(300);
    assertThat(offset(p, OffsetSpec.forTimestamp(301)).offset()).isEqualTo(-1);
    assertThat(offset(p, OffsetSpec.earliestLocal()).offset()).isZero();
    assertThat(offset(p, OffsetSpec.latestTiered()).offset()).isEqualTo(-1);
  }

  @Test
  void producersAreDescribedWithWhatTheySentLast() throws Exception {
    broker.createTopic("dp", 1);
    produce("dp", Batches.NOW_MS, Batches.NOW_MS + 1);
    TopicPartition p = partition("dp");
    List<ProducerState> producers =
        admin.describeProducers(List.of(p)).partitionResult(p).get().activeProducers();
    assertThat(producers).hasSize(1);
    assertThat(producers.get(0).lastSequence()).isEqualTo(1);
    assertThat(producers.get(0).producerEpoch()).isZero();
    assertThat(producers.get(0).lastTimestamp()).isEqualTo(Batches.NOW_MS + 1);
    assertThat(producers.get(0).currentTransactionStartOffset()).isEmpty();
  }

  @Test
  void theStoreIsTheOneLogDirectory() throws Exception {
    broker.createTopic("ld", 1);
    produce("ld", 1, 2, 3);
    Await.until(
        "the size shows",
        () -> {
          try {
            Map<String, LogDirDescription> dirs =
                admin.describeLogDirs(List.of(TestBroker.ID)).allDescriptions().get().get(0);
            assertThat(dirs).containsOnlyKeys(TestBroker.STORE);
            var replica = dirs.get(TestBroker.STORE).replicaInfos().get(partition("ld"));
            return replica != null && replica.size() > 0 && !replica.isFuture();
          } catch (ExecutionException | InterruptedException e) {
            throw new AssertionError(e);
          }
        });
  }

  // Configs.

  @Test
  void aConfigTellsWhereItComesFromAndWhatItWouldBeOtherwise() throws Exception {
    broker.createTopic("dc", 1, Map.of("retention.ms", "1111"));
    assertThat(alter(ALL_BROKERS, OpType.SET, "log.retention.ms", "2222")).isEqualTo(Errors.NONE);
    assertThat(alter(BROKER, OpType.SET, "log.retention.ms", "3333")).isEqualTo(Errors.NONE);
    ConfigEntry entry = configOf(topic("dc"), true).get("retention.ms");
    assertThat(entry.value()).isEqualTo("1111");
    assertThat(entry.source()).isEqualTo(ConfigSource.DYNAMIC_TOPIC_CONFIG);
    assertThat(entry.type()).isEqualTo(ConfigEntry.ConfigType.LONG);
    assertThat(entry.synonyms())
        .extracting(s -> s.name() + "=" + s.value() + " " + s.source())
        .containsExactly(
            "retention.ms=1111 DYNAMIC_TOPIC_CONFIG",
            "log.retention.ms=3333 DYNAMIC_BROKER_CONFIG",
            "log.retention.ms=2222 DYNAMIC_DEFAULT_BROKER_CONFIG",
            "log.retention.ms=604800000 DEFAULT_CONFIG");
    assertThat(configOf(topic("dc"), false).get("retention.ms").synonyms()).isEmpty();
    assertThat(configOf(topic("dc"), false).entries())
        .filteredOn(e -> e.source() == ConfigSource.DEFAULT_CONFIG)
        .allMatch(ConfigEntry::isDefault)
        .hasSizeGreaterThan(20);
    assertThat(configOf(topic("dc"), false).get("max.decompressed.message.bytes").value())
        .isEqualTo(Integer.toString(TopicConfigDefinitions.DECOMPRESSED_BYTES_MAX));

    assertThat(alter(topic("dc"), OpType.DELETE, "retention.ms", null)).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("dc"), false).get("retention.ms").value()).isEqualTo("3333");
    assertThat(configOf(BROKER, false).get("log.retention.ms").value()).isEqualTo("3333");
    assertThat(configOf(BROKER, false).get("node.id").source())
        .isEqualTo(ConfigSource.STATIC_BROKER_CONFIG);
    assertThat(configOf(BROKER, false).get("node.id").isReadOnly()).isTrue();
    assertThat(configOf(ALL_BROKERS, false).entries())
        .extracting(ConfigEntry::name)
        .containsExactly("log.retention.ms");
    assertThat(alter(BROKER, OpType.DELETE, "log.retention.ms", null)).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("dc"), false).get("retention.ms").source())
        .isEqualTo(ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
    assertThat(alter(ALL_BROKERS, OpType.DELETE, "log.retention.ms", null)).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("dc"), false).get("retention.ms").isDefault()).isTrue();
  }

  @Test
  void aShareOfTheBudgetIsAConfigLikeKafkasOwn() throws Exception {
    broker.createTopic("share", 1, Map.of());
    assertThat(configOf(topic("share"), false).get(OWN_CONFIG).value()).isEqualTo("-1.0");
    assertThat(alter(ALL_BROKERS, OpType.SET, "log." + OWN_CONFIG, "101"))
        .isEqualTo(Errors.INVALID_CONFIG);
    assertThat(alter(ALL_BROKERS, OpType.SET, "log." + OWN_CONFIG, "20")).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("share"), false).get(OWN_CONFIG).value()).isEqualTo("20");
    assertThat(alter(topic("share"), OpType.SET, OWN_CONFIG, "33.3")).isEqualTo(Errors.NONE);
    assertThat(configOf(topic("share"), true).get(OWN_CONFIG).synonyms())
        .extracting(s -> s.name() + "=" + s.value() + " " + s.source())
        .containsExactly(
            "retention.budget.percent=33.3 DYNAMIC_TOPIC_CONFIG",
            "log.retention.budget.percent=20 DYNAMIC_DEFAULT_BROKER_CONFIG",
            "log.retention.budget.percent=-1.0 DEFAULT_CONFIG");
    assertThat(alter(ALL_BROKERS, OpType.DELETE, "log." + OWN_CONFIG, null)).isEqualTo(Errors.NONE);
  }

  @Test
  void configsOfWhatIsNotThereAreErrors() throws Exception {
    assertThat(configError(topic("dc-missing"))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(configError(topic("no such"))).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
    assertThat(configError(new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "m")))
        .isEqualTo(Errors.INVALID_REQUEST);
  }

  @Test
  void aGroupHasConfigsBeforeItHasMembers() throws Exception {
    ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "g");
    String session = "consumer.session.timeout.ms";
    assertThat(configError(group)).isEqualTo(Errors.NONE);
    assertThat(alter(group, OpType.SET, session, "50000")).isEqualTo(Errors.NONE);
    assertThat(configOf(group, false).get(session).value()).isEqualTo("50000");
    assertThat(alter(group, OpType.SET, session, "1")).isEqualTo(Errors.INVALID_CONFIG);
    assertThat(alter(group, OpType.SET, "no.such.config", "1")).isEqualTo(Errors.INVALID_CONFIG);
    assertThat(alter(group, OpType.DELETE, session, null)).isEqualTo(Errors.NONE);
    assertThat(configOf(group, false).get(session).isDefault()).isTrue();
  }

  private Errors configError(ConfigResource resource) throws InterruptedException {
    return errorOf(admin.describeConfigs(List.of(resource)).values().get(resource));
  }

  static Stream<Arguments> alterations() {
    ConfigResource there = topic("ic");
    return Stream.of(
        Arguments.of(Errors.NONE, there, OpType.SET, "retention.ms", "-1"),
        Arguments.of(Errors.NONE, there, OpType.DELETE, "retention.bytes", null),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.SET, "retention.ms", "x"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.SET, "retention.ms", "-5"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.SET, "no.such.config", "1"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.APPEND, "retention.ms", "1"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.SUBTRACT, "retention.ms", "1"),
        Arguments.of(Errors.INVALID_CONFIG, there, OpType.APPEND, "cleanup.policy", "burn"),
        Arguments.of(Errors.INVALID_REQUEST, there, OpType.SET, "retention.ms", null),
        Arguments.of(
            Errors.UNKNOWN_TOPIC_OR_PARTITION,
            topic("ic-missing"),
            OpType.SET,
            "retention.ms",
            "1"),
        Arguments.of(
            Errors.INVALID_TOPIC_EXCEPTION, topic("no such"), OpType.SET, "retention.ms", "1"),
        Arguments.of(Errors.NONE, BROKER, OpType.SET, "log.segment.bytes", "1048576"),
        Arguments.of(Errors.NONE, BROKER, OpType.APPEND, "log.cleanup.policy", "compact"),
        Arguments.of(Errors.INVALID_CONFIG, BROKER, OpType.SET, "log.segment.bytes", "many"),
        Arguments.of(Errors.INVALID_CONFIG, BROKER, OpType.SET, "log.retention.hours", "x"),
        Arguments.of(Errors.INVALID_CONFIG, BROKER, OpType.SET, "node.id", "5"),
        Arguments.of(Errors.INVALID_CONFIG, ALL_BROKERS, OpType.SET, "retention.ms", "5"));
  }

  @ParameterizedTest(name = "{2} {3}={4} of {1}: {0}")
  @MethodSource("alterations")
  void configsAreAlteredUnderKafkasRules(
      Errors expected, ConfigResource resource, OpType type, String name, String value)
      throws Exception {
    if (broker.metadata.image().topic("ic") == null) {
      broker.createTopic("ic", 1);
    }
    Map<ConfigResource, Collection<AlterConfigOp>> change =
        Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(name, value), type)));
    var before = broker.metadata.image().topic("ic").configs();
    assertThat(
            errorOf(
                admin
                    .incrementalAlterConfigs(change, new AlterConfigsOptions().validateOnly(true))
                    .all()))
        .as("validate only")
        .isEqualTo(expected);
    assertThat(broker.metadata.image().topic("ic").configs()).isEqualTo(before);
    assertThat(errorOf(admin.incrementalAlterConfigs(change).all())).isEqualTo(expected);
    if (expected != Errors.NONE) {
      assertThat(broker.metadata.image().topic("ic").configs()).isEqualTo(before);
    } else if (resource.type() == ConfigResource.Type.BROKER) {
      assertThat(alter(resource, OpType.DELETE, name, null)).isEqualTo(Errors.NONE);
    }
  }

  @Test
  void listsAreAppendedToAndSubtractedFrom() throws Exception {
    broker.createTopic("list", 1);
    assertThat(alter(topic("list"), OpType.APPEND, "cleanup.policy", "compact"))
        .isEqualTo(Errors.NONE);
    assertThat(policy()).as("over the default").isEqualTo("delete,compact");
    assertThat(alter(topic("list"), OpType.APPEND, "cleanup.policy", "compact"))
        .isEqualTo(Errors.NONE);
    assertThat(policy()).as("not twice").isEqualTo("delete,compact");
    assertThat(alter(topic("list"), OpType.SUBTRACT, "cleanup.policy", "delete"))
        .isEqualTo(Errors.NONE);
    assertThat(policy()).isEqualTo("compact");
    assertThat(alter(topic("list"), OpType.DELETE, "cleanup.policy", null)).isEqualTo(Errors.NONE);
    assertThat(policy()).isEqualTo("delete");
  }

  private String policy() throws Exception {
    return configOf(topic("list"), false).get("cleanup.policy").value();
  }

  // The cluster.

  @Test
  void theClusterIsThisBroker() throws Exception {
    DescribeClusterResult cluster = admin.describeCluster();
    assertThat(cluster.clusterId().get()).isEqualTo(broker.metadata.image().clusterId());
    assertThat(cluster.controller().get().id()).isEqualTo(TestBroker.ID);
    assertThat(cluster.nodes().get()).extracting(Node::port).containsExactly(broker.port());
  }

  @Test
  void onlyFeaturesThatAreServedAreFinalized() {
    Await.until("the broker has finalized them", () -> features().finalizedFeatures().size() >= 2);
    FeatureMetadata features = features();
    Map<String, Integer> levels = new HashMap<>();
    features
        .finalizedFeatures()
        .forEach((name, range) -> levels.put(name, (int) range.maxVersionLevel()));
    assertThat(levels).containsOnly(entry("group.version", 1), entry("streams.version", 1));
    assertThat(features.supportedFeatures().keySet()).containsAll(levels.keySet());
  }

  private FeatureMetadata features() {
    return admin
        .describeFeatures()
        .featureMetadata()
        .toCompletionStage()
        .toCompletableFuture()
        .join();
  }

  @Test
  void resourcesWithConfigsAreListed() throws Exception {
    broker.createTopic("listed", 1);
    assertThat(admin.listConfigResources().all().get())
        .contains(topic("listed"), new ConfigResource(ConfigResource.Type.BROKER, "0"));
    assertThat(
            admin
                .listConfigResources(
                    Set.of(ConfigResource.Type.TOPIC),
                    new org.apache.kafka.clients.admin.ListConfigResourcesOptions())
                .all()
                .get()
                .stream()
                .map(ConfigResource::type)
                .collect(Collectors.toSet()))
        .containsExactly(ConfigResource.Type.TOPIC);
  }
}
