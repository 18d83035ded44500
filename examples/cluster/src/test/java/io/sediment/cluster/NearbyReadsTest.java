package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Consumers that say where they are read from the broker there (KIP-392). */
class NearbyReadsTest {
  private static final TopicPartition PARTITION = new TopicPartition("t", 0);
  private static final int LEADER = 0;
  private static final int NEARBY = 2;

  @TempDir Path folder;
  private long produced;

  @Test
  void aConsumerReadsFromItsRackWhatIsAcknowledgedInOrderAndFollowsTheLeader() throws Exception {
    try (InProcessCluster cluster =
            new InProcessCluster(folder, broker -> Map.of("BROKER_RACK", "rack-" + broker));
        Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()));
        KafkaProducer<byte[], byte[]> producer = producer(cluster);
        KafkaConsumer<byte[], byte[]> consumer = consumer(cluster, "rack-" + NEARBY)) {
      admin.createTopics(List.of(new NewTopic("t", 1, (short) 3))).all().get();
      moveTo(admin, LEADER);
      consumer.assign(List.of(PARTITION));
      consumer.seekToBeginning(List.of(PARTITION));
      long next = 0;
      for (int round = 0; round < 5; round++) {
        produce(producer, 200);
        next = readUpTo(consumer, next, produced);
      }
      assertThat(bytesReceivedFrom(consumer, NEARBY))
          .as("most came from the broker of its rack")
          .isGreaterThan(bytesReceivedFrom(consumer, LEADER));

      // The log start is that of the cluster, and whoever asks for less is told so by the leader.
      admin.deleteRecords(Map.of(PARTITION, RecordsToDelete.beforeOffset(300))).all().get();
      consumer.seek(PARTITION, 0);
      next = readUpTo(consumer, 300, produced);

      // The leader moves, to another broker and then to the one that is near.
      for (int leader : new int[] {1, NEARBY, LEADER}) {
        moveTo(admin, leader);
        produce(producer, 100);
        next = readUpTo(consumer, next, produced);
      }
      // Whoever is near goes away, and the consumer to whom is left.
      cluster.stop(NEARBY);
      produce(producer, 100);
      readUpTo(consumer, next, produced);
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(InProcessCluster cluster) {
    return new KafkaProducer<>(
        Map.of("bootstrap.servers", cluster.bootstrap(), "batch.size", 2000),
        new ByteArraySerializer(),
        new ByteArraySerializer());
  }

  private static KafkaConsumer<byte[], byte[]> consumer(InProcessCluster cluster, String rack) {
    return new KafkaConsumer<>(
        Map.of(
            "bootstrap.servers",
            cluster.bootstrap(),
            "client.rack",
            rack,
            "auto.offset.reset",
            "earliest",
            "metadata.max.age.ms",
            3000),
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer());
  }

  private void produce(KafkaProducer<byte[], byte[]> producer, int count) {
    for (int i = 0; i < count; i++) {
      producer.send(
          new ProducerRecord<>(
              PARTITION.topic(), 0, null, value(produced++).getBytes(StandardCharsets.UTF_8)));
    }
    producer.flush();
  }

  private static String value(long offset) {
    return "record " + offset + " ".repeat(100);
  }

  /** Every record once and in order. */
  private static long readUpTo(KafkaConsumer<byte[], byte[]> consumer, long from, long end) {
    List<ConsumerRecord<byte[], byte[]>> read = new ArrayList<>();
    Await.until(
        "all is read up to " + end,
        () -> {
          consumer.poll(Duration.ofMillis(100)).forEach(read::add);
          return consumer.position(PARTITION) >= end;
        });
    long next = from;
    for (ConsumerRecord<byte[], byte[]> record : read) {
      assertThat(record.offset()).isEqualTo(next);
      assertThat(new String(record.value(), StandardCharsets.UTF_8)).isEqualTo(value(next));
      next++;
    }
    assertThat(next).isEqualTo(end);
    return next;
  }

  private static double bytesReceivedFrom(KafkaConsumer<?, ?> consumer, int broker) {
    return consumer.metrics().values().stream()
        .filter(metric -> metric.metricName().name().equals("incoming-byte-total"))
        .filter(metric -> ("node-" + broker).equals(metric.metricName().tags().get("node-id")))
        .map(Metric::metricValue)
        .mapToDouble(value -> (Double) value)
        .sum();
  }

  private static void moveTo(Admin admin, int leader) throws Exception {
    List<Integer> replicas = new ArrayList<>(List.of(0, 1, 2));
    replicas.remove(Integer.valueOf(leader));
    replicas.add(0, leader);
    Map<TopicPartition, Optional<NewPartitionReassignment>> move = new HashMap<>();
    move.put(PARTITION, Optional.of(new NewPartitionReassignment(replicas)));
    admin.alterPartitionReassignments(move).all().get();
    Await.until("broker " + leader + " leads", () -> leader(admin) == leader);
  }

  private static int leader(Admin admin) {
    try {
      return admin
          .describeTopics(List.of("t"))
          .allTopicNames()
          .get()
          .get("t")
          .partitions()
          .get(0)
          .leader()
          .id();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
