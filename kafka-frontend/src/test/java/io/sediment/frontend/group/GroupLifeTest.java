package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.frontend.TestBroker;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.serialization.ByteBufferDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How groups and their offsets end, and that nobody else touches the topic they lie in. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class GroupLifeTest {
  private static final String INTERNAL =
      org.apache.kafka.common.internals.Topic.GROUP_METADATA_TOPIC_NAME;
  private static final String GROUP = "0"; // both are in partition 0 of 4
  private static final String OTHER_GROUP = "4";
  private static final Duration RETENTION = Duration.ofMinutes(10);
  private static final long NONE = -1;

  private TestBroker broker;
  private Topic topic;
  private RawGroups group;
  private RawGroups other;
  private Admin admin;

  @BeforeEach
  void start() throws Exception {
    broker =
        TestBroker.startWithGroups(
            Map.of(
                "offsets.retention.minutes",
                Long.toString(RETENTION.toMinutes()),
                "offsets.retention.check.interval.ms",
                "50"));
    topic = broker.createTopic("orders", 1);
    broker.startGroups();
    group = new RawGroups(broker, topic, GROUP, null);
    other = new RawGroups(broker, topic, OTHER_GROUP, "static").withSession(60_000);
    admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()));
  }

  @AfterEach
  void stop() throws IOException {
    admin.close();
    group.close();
    other.close();
    broker.close();
    assertThat(broker.lane.slicesOut()).as("slices that were read and not closed").isZero();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  private static long committed(RawGroups of) {
    long[] offset = new long[1];
    Await.until(
        "an answer",
        () -> {
          try {
            var answer = of.fetch();
            if (answer.errorCode() != Errors.NONE.code()) {
              return false; // it is being loaded
            }
            offset[0] = answer.topics().get(0).partitions().get(0).committedOffset();
            return true;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    return offset[0];
  }

  private List<String> groups() throws Exception {
    return admin.listGroups().all().get().stream().map(GroupListing::groupId).toList();
  }

  /** Keys that compaction will keep in the groups' partition, by how many. */
  private long keysWithAValue() {
    Map<ByteBuffer, Boolean> newest = new HashMap<>();
    TopicPartition partition = new TopicPartition(INTERNAL, 0);
    try (KafkaConsumer<ByteBuffer, ByteBuffer> consumer =
        new KafkaConsumer<>(
            Map.of("bootstrap.servers", broker.bootstrap()),
            new ByteBufferDeserializer(),
            new ByteBufferDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) {
        for (ConsumerRecord<ByteBuffer, ByteBuffer> record : consumer.poll(Duration.ofMillis(50))) {
          newest.put(record.key(), record.value() != null);
        }
      }
    }
    return newest.values().stream().filter(hasValue -> hasValue).count();
  }

  @Test
  void offsetsOfAGroupWithoutMembersExpire() throws Exception {
    assertThat(group.commit(7)).isEqualTo(Errors.NONE);
    assertThat(other.join().errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(other.sync(other.memberId())).isEqualTo(Errors.NONE);
    assertThat(other.commit(8)).isEqualTo(Errors.NONE);

    broker.jumpAhead(RETENTION.minusMinutes(1));
    assertThat(committed(group)).isEqualTo(7);
    broker.jumpAhead(Duration.ofMinutes(2));
    Await.until("it expires", () -> committed(group) == NONE);
    assertThat(committed(other)).as("has a member").isEqualTo(8);
    assertThat(groups()).containsExactly(OTHER_GROUP);

    broker.raiseLeaderEpochs();
    assertThat(committed(group)).as("loaded again").isEqualTo(NONE);
    assertThat(committed(other)).as("loaded again").isEqualTo(8);
  }

  @Test
  void aDeletedGroupLeavesTombstonesAndStaysDeleted() throws Exception {
    assertThat(group.commit(7)).isEqualTo(Errors.NONE);
    assertThat(other.join().errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(other.sync(other.memberId())).isEqualTo(Errors.NONE);
    assertThat(other.commit(8)).isEqualTo(Errors.NONE);
    assertThatThrownBy(() -> admin.deleteConsumerGroups(List.of(OTHER_GROUP)).all().get())
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(GroupNotEmptyException.class);
    assertThat(other.leave()).isEqualTo(Errors.NONE);
    assertThat(keysWithAValue()).isPositive();

    admin.deleteConsumerGroups(List.of(GROUP, OTHER_GROUP)).all().get();
    assertThat(keysWithAValue()).as("what compaction would keep").isZero();
    broker.raiseLeaderEpochs();
    assertThat(committed(group)).isEqualTo(NONE);
    assertThat(committed(other)).isEqualTo(NONE);
    assertThat(groups()).isEmpty();
  }

  @Test
  void clientsNeitherWriteNorGrowTheInternalTopic() throws Exception {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(
            Map.of("bootstrap.servers", broker.bootstrap()),
            new StringSerializer(),
            new StringSerializer())) {
      assertThatThrownBy(() -> producer.send(new ProducerRecord<>(INTERNAL, 0, "k", "v")).get())
          .hasCauseInstanceOf(InvalidTopicException.class);
    }
    int partitions = broker.topic(INTERNAL).partitionCount();
    assertThatThrownBy(
            () ->
                admin
                    .createPartitions(Map.of(INTERNAL, NewPartitions.increaseTo(partitions + 1)))
                    .all()
                    .get())
        .hasCauseInstanceOf(InvalidTopicException.class);
    assertThat(broker.topic(INTERNAL).partitionCount()).isEqualTo(partitions);
  }
}
