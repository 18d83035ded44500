package io.sediment.cluster.bench;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Sends one record at a time and waits until a consumer has it; prints {@code p50 p99} in ms. Does
 * what Kafka's EndToEndLatency does, which rounds down to whole ms. {@code RoundTrips BOOTSTRAP
 * TOPIC COUNT SIZE}.
 */
public final class RoundTrips {
  private RoundTrips() {}

  public static void main(String[] args) throws Exception {
    int count = Integer.parseInt(args[2]);
    byte[] value = new byte[Integer.parseInt(args[3])];
    TopicPartition partition = new TopicPartition(args[1], 0);
    Map<String, Object> producing =
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, args[0], ProducerConfig.LINGER_MS_CONFIG, 0);
    Map<String, Object> consuming = Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    try (var producer =
            new KafkaProducer<>(producing, new ByteArraySerializer(), new ByteArraySerializer());
        var consumer =
            new KafkaConsumer<>(
                consuming, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToEnd(List.of(partition));
      consumer.position(partition);
      long[] nanos = new long[count];
      for (int i = -count / 2; i < count; i++) { // the first half warms up
        long begin = System.nanoTime();
        producer.send(new ProducerRecord<>(partition.topic(), 0, null, value)).get();
        while (consumer.poll(Duration.ofSeconds(10)).isEmpty()) {
          Thread.onSpinWait();
        }
        nanos[Math.max(i, 0)] = System.nanoTime() - begin;
      }
      Arrays.sort(nanos);
      System.out.println(nanos[count / 2] / 1e6 + " " + nanos[count * 99 / 100] / 1e6);
    }
  }
}
