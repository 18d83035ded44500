package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.runtime.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Groups as the Java client sees them, with the classic and with the consumer protocol. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ConsumerGroupTest {
  private static final String TOPIC = "words";
  private static final String GROUP = "readers";
  private static final int PARTITIONS = 4;
  private static final int RECORDS = 200;
  private static final String HEARTBEAT_MS = "100"; // a member hears of a rebalance with the next

  private TestBroker broker;

  @BeforeEach
  void start() throws InterruptedException {
    broker =
        TestBroker.startWithGroups(
            Map.of(
                "group.consumer.min.heartbeat.interval.ms",
                HEARTBEAT_MS,
                "group.consumer.heartbeat.interval.ms",
                HEARTBEAT_MS));
    broker.createTopic(TOPIC, PARTITIONS);
  }

  @AfterEach
  void stop() {
    broker.close();
    assertThat(broker.lane.slicesOut()).as("slices that were read and not closed").isZero();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  private void produce(int count) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", broker.bootstrap());
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
      for (int i = 0; i < count; i++) {
        producer.send(new ProducerRecord<>(TOPIC, i % PARTITIONS, null, "value" + i));
      }
    }
  }

  private KafkaConsumer<String, String> member(String protocol, Map<String, String> more) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", broker.bootstrap());
    properties.put("group.id", GROUP);
    properties.put("group.protocol", protocol);
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "earliest");
    if (protocol.equals("classic")) {
      properties.put("heartbeat.interval.ms", HEARTBEAT_MS);
    }
    properties.putAll(more);
    return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
  }

  private KafkaConsumer<String, String> member(String protocol) {
    return member(protocol, Map.of());
  }

  private static List<String> poll(KafkaConsumer<String, String> consumer, int count) {
    List<String> values = new ArrayList<>();
    Await.until(
        count + " records",
        () -> {
          for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(50))) {
            values.add(record.value());
          }
          return values.size() >= count;
        });
    return values;
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void aMemberGoesOnWhereTheCommittedOffsetsAre(String protocol) {
    produce(RECORDS);
    Set<String> seen = new HashSet<>();
    try (KafkaConsumer<String, String> first = member(protocol)) {
      first.subscribe(List.of(TOPIC));
      seen.addAll(poll(first, RECORDS));
      first.commitSync();
    }
    produce(RECORDS / 2);
    try (KafkaConsumer<String, String> second = member(protocol)) {
      second.subscribe(List.of(TOPIC));
      assertThat(poll(second, RECORDS / 2)).hasSize(RECORDS / 2);
    }
    assertThat(seen).hasSize(RECORDS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void twoMembersShareTheTopicAndTheOneThatStaysGetsAll(String protocol) {
    try (KafkaConsumer<String, String> first = member(protocol)) {
      first.subscribe(List.of(TOPIC));
      Await.until("all partitions", () -> assigned(first) == PARTITIONS);
      try (KafkaConsumer<String, String> second = member(protocol)) {
        second.subscribe(List.of(TOPIC));
        Await.until(
            "half each",
            () -> assigned(first) == PARTITIONS / 2 & assigned(second) == PARTITIONS / 2);
      }
      Await.until("all partitions again", () -> assigned(first) == PARTITIONS);
    }
  }

  @ParameterizedTest
  @ValueSource(
      classes = {
        RangeAssignor.class,
        RoundRobinAssignor.class,
        StickyAssignor.class,
        CooperativeStickyAssignor.class
      })
  void everyAssignorOfClassicGroupsSharesTheTopic(Class<?> assignor) {
    shareTheTopic("classic", Map.of("partition.assignment.strategy", assignor.getName()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"uniform", "range"})
  void everyAssignorOfTheConsumerProtocolSharesTheTopic(String assignor) {
    shareTheTopic("consumer", Map.of("group.remote.assignor", assignor));
  }

  private void shareTheTopic(String protocol, Map<String, String> assignor) {
    produce(RECORDS);
    try (KafkaConsumer<String, String> first = member(protocol, assignor);
        KafkaConsumer<String, String> second = member(protocol, assignor)) {
      first.subscribe(List.of(TOPIC));
      second.subscribe(List.of(TOPIC));
      Set<String> seen = new HashSet<>();
      Await.until(
          "half each, and all records",
          () -> {
            for (KafkaConsumer<String, String> each : List.of(first, second)) {
              each.poll(Duration.ofMillis(20)).forEach(record -> seen.add(record.value()));
            }
            return first.assignment().size() == PARTITIONS / 2
                && second.assignment().size() == PARTITIONS / 2
                && seen.size() == RECORDS;
          });
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void aStaticMemberThatComesBackDisturbsNobody(String protocol) {
    AtomicInteger revocations = new AtomicInteger();
    try (KafkaConsumer<String, String> stays =
        member(protocol, Map.of("group.instance.id", "one"))) {
      stays.subscribe(List.of(TOPIC), countingRevocations(revocations));
      Set<TopicPartition> before;
      int revokedBefore;
      try (KafkaConsumer<String, String> leaves =
          member(protocol, Map.of("group.instance.id", "two"))) {
        leaves.subscribe(List.of(TOPIC));
        Await.until(
            "half each",
            () -> assigned(stays) == PARTITIONS / 2 & assigned(leaves) == PARTITIONS / 2);
        before = leaves.assignment();
        revokedBefore = revocations.get();
      }
      try (KafkaConsumer<String, String> returns =
          member(protocol, Map.of("group.instance.id", "two"))) {
        returns.subscribe(List.of(TOPIC));
        Await.until(
            "its half again",
            () -> assigned(returns) == PARTITIONS / 2 & assigned(stays) == PARTITIONS / 2);
        assertThat(returns.assignment()).isEqualTo(before);
        assertThat(revocations).hasValue(revokedBefore);
      }
    }
  }

  private static ConsumerRebalanceListener countingRevocations(AtomicInteger count) {
    return new ConsumerRebalanceListener() {
      @Override
      public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        count.incrementAndGet();
      }

      @Override
      public void onPartitionsAssigned(Collection<TopicPartition> partitions) {}
    };
  }

  private static int assigned(KafkaConsumer<String, String> consumer) {
    consumer.poll(Duration.ofMillis(20));
    return consumer.assignment().size();
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void groupsOutliveTheirCoordinator(String protocol) {
    produce(RECORDS);
    try (KafkaConsumer<String, String> consumer = member(protocol)) {
      consumer.subscribe(List.of(TOPIC));
      poll(consumer, RECORDS);
      consumer.commitSync();
      TopicPartition partition = new TopicPartition(TOPIC, 1);
      long committed = consumer.committed(Set.of(partition)).get(partition).offset();
      broker.raiseLeaderEpochs();
      Await.until(
          "the offset is back",
          () -> {
            consumer.poll(Duration.ofMillis(20));
            OffsetAndMetadata again = consumer.committed(Set.of(partition)).get(partition);
            assertThat(again).isNotNull();
            return again.offset() == committed;
          });
      produce(PARTITIONS);
      poll(consumer, PARTITIONS);
      consumer.commitSync();
      assertThat(consumer.committed(Set.of(partition)).get(partition).offset())
          .isEqualTo(committed + 1);
    }
  }

  @Test
  void aMemberThatTookTooLongCannotCommit() {
    produce(RECORDS);
    Map<String, String> impatient = Map.of("max.poll.interval.ms", "500");
    try (KafkaConsumer<String, String> slow = member("classic", impatient);
        KafkaConsumer<String, String> other = member("classic")) {
      slow.subscribe(List.of(TOPIC));
      poll(slow, RECORDS);
      other.subscribe(List.of(TOPIC));
      Await.until("the other has everything", () -> assigned(other) == PARTITIONS);
      org.assertj.core.api.Assertions.assertThatThrownBy(slow::commitSync)
          .isInstanceOf(CommitFailedException.class);
    }
  }

  @Test
  void administratorsSeeAndDeleteGroups() throws Exception {
    produce(RECORDS);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
      assertThat(admin.listGroups().all().get()).isEmpty();
      try (KafkaConsumer<String, String> consumer = member("classic")) {
        consumer.subscribe(List.of(TOPIC));
        poll(consumer, RECORDS);
        consumer.commitSync();
        ConsumerGroupDescription described =
            admin.describeConsumerGroups(List.of(GROUP)).all().get().get(GROUP);
        assertThat(described.groupState()).isEqualTo(GroupState.STABLE);
        assertThat(described.members()).hasSize(1);
        assertThat(described.coordinator().id()).isEqualTo(TestBroker.ID);
      }
      assertThat(admin.listGroups().all().get())
          .extracting(GroupListing::groupId)
          .containsExactly(GROUP);
      TopicPartition partition = new TopicPartition(TOPIC, 0);
      admin
          .alterConsumerGroupOffsets(GROUP, Map.of(partition, new OffsetAndMetadata(7)))
          .all()
          .get();
      assertThat(offsets(admin).get(partition).offset()).isEqualTo(7);
      admin.deleteConsumerGroupOffsets(GROUP, Set.of(partition)).all().get();
      assertThat(offsets(admin)).hasSize(PARTITIONS - 1).doesNotContainKey(partition);
      admin.deleteConsumerGroups(List.of(GROUP)).all().get();
      assertThat(admin.listGroups().all().get()).isEmpty();
    }
  }

  private static Map<TopicPartition, OffsetAndMetadata> offsets(Admin admin) throws Exception {
    return admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get();
  }

  @Test
  void offsetsOfADeletedTopicGoWithIt() throws Exception {
    produce(RECORDS);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
      try (KafkaConsumer<String, String> consumer = member("classic")) {
        consumer.subscribe(List.of(TOPIC));
        poll(consumer, RECORDS);
        consumer.commitSync();
      }
      assertThat(offsets(admin)).hasSize(PARTITIONS);
      admin.deleteTopics(List.of(TOPIC)).all().get();
      Await.until(
          "offsets are gone",
          () -> {
            try {
              return offsets(admin).isEmpty();
            } catch (Exception e) {
              throw new AssertionError(e);
            }
          });
    }
  }
}
