package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.FreePorts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Groups that come and go while their topic is taken over again and again: each rebirth from the
 * bucket seals the lane before and goes on in one that is new. Whole brokers, with log compaction
 * and retention at work.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class GroupsOverRebirthsTest {
  private static final TopicPartition PARTITION = new TopicPartition("orders", 0);
  private static final TopicPartition INTERNAL = new TopicPartition("__consumer_offsets", 0);
  private static final String STAYS = "stays";
  private static final List<String> COME =
      IntStream.range(0, 25).mapToObj(i -> "comes-" + i).toList();
  private static final int REBIRTHS = 4;
  private static final int PATIENCE_SECONDS = 60;

  @TempDir Path temp;
  private final FreePorts ports = new FreePorts();
  private Broker broker;
  private Admin admin;
  private String bootstrap;

  @AfterEach
  void stop() {
    admin.close();
    broker.close();
  }

  @Test
  void theInternalTopicHoldsWhatCountsAndNoMore() throws Exception {
    start(0);
    admin
        .createTopics(List.of(new NewTopic(PARTITION.topic(), 1, (short) 1)))
        .all()
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    for (int life = 1; life <= REBIRTHS; life++) {
      commit(STAYS, life);
      for (String group : COME) {
        commit(group, life);
      }
      admin.deleteConsumerGroups(COME).all().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      admin.close();
      broker.close();

      start(life);
      assertThat(committed(STAYS)).isEqualTo(new OffsetAndMetadata(life));
      assertThat(committed(COME.get(0))).isNull();
      while (earliest() < latest() - 1) { // until retention has raised the log start
        assertThat(committed(STAYS)).isEqualTo(new OffsetAndMetadata(life));
      }
      assertThat(recordsStored()).as("life %d", life).isEqualTo(1);
    }
  }

  private void commit(String group, long offset) throws Exception {
    admin
        .alterConsumerGroupOffsets(group, Map.of(PARTITION, new OffsetAndMetadata(offset)))
        .all()
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
  }

  private OffsetAndMetadata committed(String group) throws Exception {
    return admin
        .listConsumerGroupOffsets(group)
        .partitionsToOffsetAndMetadata()
        .get(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .get(PARTITION);
  }

  private long earliest() {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      return consumer.beginningOffsets(List.of(INTERNAL)).get(INTERNAL);
    }
  }

  private long latest() {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      return consumer.endOffsets(List.of(INTERNAL)).get(INTERNAL);
    }
  }

  private int recordsStored() {
    try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
      consumer.assign(List.of(INTERNAL));
      consumer.seekToBeginning(List.of(INTERNAL));
      long end = consumer.endOffsets(List.of(INTERNAL)).get(INTERNAL);
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      while (consumer.position(INTERNAL) < end) {
        records.addAll(consumer.poll(Duration.ofMillis(200)).records(INTERNAL));
      }
      return records.size();
    }
  }

  private KafkaConsumer<byte[], byte[]> consumer() {
    return new KafkaConsumer<>(
        Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  /** With ports of its own, and an empty disk. */
  private void start(int life) throws Exception {
    LoopbackSettings settings =
        new LoopbackSettings(ports)
            .with("DATA_PATH", temp.resolve("data"))
            .with("RAFT_PATH", temp.resolve("raft-" + life))
            .with("RECOVER_FROM_BUCKET", life > 0)
            .with("OFFSETS_TOPIC_PARTITIONS", "1")
            .with("RETENTION_CHECK_INTERVAL_MS", "100")
            .with("COMPACTION_L0_OBJECTS", "2")
            .with("COMPACTION_INTERVAL_MS", "100");
    bootstrap = settings.bootstrap();
    broker = Broker.start(BrokerSettings.from(settings.environment()));
    admin = Admin.create(Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap));
  }
}
