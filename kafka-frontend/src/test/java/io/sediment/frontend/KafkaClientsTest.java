package io.sediment.frontend;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The clients everybody uses, with their default settings. */
class KafkaClientsTest {
  private static final int RECORDS = 2_000;

  private TestBroker broker;

  @BeforeEach
  void start() throws InterruptedException {
    broker = TestBroker.start();
  }

  @AfterEach
  void stop() {
    broker.close();
    assertThat(broker.lane.slicesOut()).as("slices that were read and not closed").isZero();
  }

  private KafkaProducer<String, String> producer(Map<String, String> more) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", broker.bootstrap());
    properties.putAll(more);
    return new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer());
  }

  private KafkaConsumer<String, String> consumer() {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", broker.bootstrap());
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "earliest");
    return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
  }

  private static List<ConsumerRecord<String, String>> poll(
      KafkaConsumer<String, String> consumer, int count) {
    List<ConsumerRecord<String, String>> got = new ArrayList<>();
    Await.until(
        count + " records",
        () -> {
          consumer.poll(Duration.ofMillis(100)).forEach(got::add);
          return got.size() >= count;
        });
    return got;
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
  void whatAProducerSendsAConsumerReadsInOrder(String compression) throws Exception {
    broker.createTopic("words", 3);
    try (KafkaProducer<String, String> producer =
            producer(Map.of("compression.type", compression));
        KafkaConsumer<String, String> consumer = consumer()) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (int i = 0; i < RECORDS; i++) {
        sent.add(producer.send(new ProducerRecord<>("words", i % 3, "key" + i, "value" + i)));
      }
      for (int i = 0; i < RECORDS; i++) {
        assertThat(sent.get(i).get().offset()).isEqualTo(i / 3);
      }
      List<TopicPartition> all =
          List.of(
              new TopicPartition("words", 0),
              new TopicPartition("words", 1),
              new TopicPartition("words", 2));
      consumer.assign(all);
      long[] next = new long[3];
      for (ConsumerRecord<String, String> record : poll(consumer, RECORDS)) {
        assertThat(record.offset()).isEqualTo(next[record.partition()]++);
        assertThat(record.value()).isEqualTo("value" + (record.offset() * 3 + record.partition()));
      }
      consumer.seek(all.get(1), 100);
      assertThat(poll(consumer, 1).get(0).value()).isEqualTo("value301");
      assertThat(consumer.position(all.get(0))).isEqualTo(next[0]);
    }
  }

  @Test
  void aTopicThatIsAskedForComesIntoBeing() throws Exception {
    try (KafkaProducer<String, String> producer = producer(Map.of())) {
      RecordMetadata sent = producer.send(new ProducerRecord<>("fresh", "a")).get();
      assertThat(sent.topic()).isEqualTo("fresh");
      assertThat(broker.topic("fresh").partitionCount()).isEqualTo(4);
    }
  }

  @Test
  void aWaitingConsumerWakesWhenSomethingIsProduced() throws Exception {
    broker.createTopic("quiet", 1);
    TopicPartition partition = new TopicPartition("quiet", 0);
    try (KafkaProducer<String, String> producer = producer(Map.of());
        KafkaConsumer<String, String> consumer = consumer()) {
      consumer.assign(List.of(partition));
      consumer.poll(Duration.ofMillis(50));
      for (int i = 0; i < 20; i++) {
        producer.send(new ProducerRecord<>("quiet", "tick" + i)).get();
        assertThat(poll(consumer, 1).get(0).value()).isEqualTo("tick" + i);
      }
    }
  }
}
