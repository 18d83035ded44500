package io.sediment.cluster.bench;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads a topic from its beginning to its present end without a group and prints {@code bytes
 * seconds}. The same for every server; runs as a process of its own: {@code AssignedConsumer
 * BOOTSTRAP TOPIC}.
 */
public final class AssignedConsumer {
  private AssignedConsumer() {}

  public static void main(String[] args) {
    Map<String, Object> config = Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    try (var consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all =
          consumer.partitionsFor(args[1]).stream()
              .map(p -> new TopicPartition(args[1], p.partition()))
              .toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      Map<TopicPartition, Long> starts = consumer.beginningOffsets(all);
      long left = all.stream().mapToLong(tp -> ends.get(tp) - starts.get(tp)).sum();
      long bytes = 0;
      long begin = System.nanoTime();
      while (left > 0) {
        ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofSeconds(1));
        for (ConsumerRecord<byte[], byte[]> record : records) {
          if (record.offset() < ends.get(new TopicPartition(record.topic(), record.partition()))) {
            left--;
            bytes += record.serializedValueSize();
          }
        }
      }
      System.out.println(bytes + " " + (System.nanoTime() - begin) / 1e9);
    }
  }
}
