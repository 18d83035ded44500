import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * RoundTrip BOOTSTRAP TOPIC RECORDS: with the library's default settings produces to a topic that
 * is not there yet, reads it all by assign, and compares each record at its offset. Prints the
 * library's version and how many records came back.
 */
public class RoundTrip {
  public static void main(String[] args) throws Exception {
    String topic = args[1];
    int count = Integer.parseInt(args[2]);
    Properties properties = new Properties();
    properties.put("bootstrap.servers", args[0]);
    Map<TopicPartition, Map<Long, ProducerRecord<String, String>>> sent =
        produce(properties, topic, count);
    int read = consume(properties, topic, count, sent);
    System.out.println("version=" + version() + " records=" + read);
  }

  private static String version() throws IOException {
    Properties library = new Properties();
    try (InputStream in =
        KafkaProducer.class.getResourceAsStream("/kafka/kafka-version.properties")) {
      library.load(in);
    }
    return library.getProperty("version");
  }

  private static Map<TopicPartition, Map<Long, ProducerRecord<String, String>>> produce(
      Properties properties, String topic, int count) throws Exception {
    Map<TopicPartition, Map<Long, ProducerRecord<String, String>>> sent = new HashMap<>();
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
      List<ProducerRecord<String, String>> records = new ArrayList<>();
      List<Future<RecordMetadata>> answers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        ProducerRecord<String, String> record =
            new ProducerRecord<>(topic, "key-" + i % 100, i % 10 == 0 ? null : "value-" + i);
        record.headers().add("number", Integer.toString(i).getBytes(StandardCharsets.UTF_8));
        records.add(record);
        answers.add(producer.send(record));
      }
      for (int i = 0; i < count; i++) {
        RecordMetadata where = answers.get(i).get();
        TopicPartition partition = new TopicPartition(topic, where.partition());
        sent.computeIfAbsent(partition, none -> new HashMap<>())
            .put(where.offset(), records.get(i));
      }
    }
    return sent;
  }

  private static int consume(
      Properties properties,
      String topic,
      int count,
      Map<TopicPartition, Map<Long, ProducerRecord<String, String>>> sent) {
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (PartitionInfo info : consumer.partitionsFor(topic)) {
        partitions.add(new TopicPartition(topic, info.partition()));
      }
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      int read = 0;
      for (int polls = 0; read < count && polls < 600; polls++) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
          ProducerRecord<String, String> expected =
              sent.get(new TopicPartition(topic, record.partition())).get(record.offset());
          boolean same =
              expected.key().equals(record.key())
                  && Objects.equals(expected.value(), record.value())
                  && expected.headers().equals(record.headers());
          if (!same) {
            throw new IllegalStateException("sent " + expected + ", read " + record);
          }
          read++;
        }
      }
      return read;
    }
  }
}
