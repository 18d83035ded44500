package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Log compaction as clients of a whole broker see it, by the broker itself and by two compactors
 * beside it. Every stop of the broker flushes what is in memory, and so gives the compactor one
 * more object.
 */
class CompactedTopicsTest {
  private static final String TOPIC = "compacted";
  private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);
  private static final String GROUP = "group";
  private static final int KEYS = 40;
  private static final int ROUNDS = 4;
  private static final int RECORDS_PER_ROUND = 400;
  private static final int COMMITS_PER_ROUND = 100;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @TempDir Path temp;
  private final FreePorts ports = new FreePorts();
  private final List<CompactorProcess> compactors = new ArrayList<>();
  private Broker broker;
  private String bootstrap;

  /** Every record that was acknowledged, by offset. */
  private final Map<Long, Map.Entry<String, String>> sent = new HashMap<>();

  /** The newest value of each key, in the order in which they were written. */
  private final Map<String, String> newest = new LinkedHashMap<>();

  @AfterEach
  void stop() {
    compactors.forEach(CompactorProcess::close);
    broker.close();
  }

  @Timeout(value = 10, unit = TimeUnit.MINUTES) // until what is superseded is gone
  @ParameterizedTest(name = "COMPACTION={0}")
  @ValueSource(strings = {"in-broker", "elsewhere"})
  void theNewestRecordOfEachKeyStaysWhereItWasAndCommitsDoNotPileUp(String compaction)
      throws Exception {
    start(compaction);
    if (compaction.equals("elsewhere")) {
      compactors.add(CompactorProcess.start(settings(compaction)));
      compactors.add(CompactorProcess.start(settings(compaction)));
    }
    try (Admin admin = Admin.create(client())) {
      NewTopic compacted =
          new NewTopic(TOPIC, 1, (short) 1)
              .configs(Map.of("cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01"));
      admin.createTopics(List.of(compacted)).all().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    Random random = new Random(1);
    for (int round = 0; round < ROUNDS; round++) {
      produce(random, round);
      commit(round);
      broker.close();
      start(compaction);
    }

    long end = (long) ROUNDS * RECORDS_PER_ROUND;
    while (read(PARTITION, new StringDeserializer(), end).size() >= 2 * KEYS) {
      lookAnew(compaction);
    }
    List<ConsumerRecord<String, String>> left = read(PARTITION, new StringDeserializer(), end);
    Map<String, String> survivors = new LinkedHashMap<>();
    long before = -1;
    for (ConsumerRecord<String, String> record : left) {
      assertThat(record.offset()).isGreaterThan(before);
      before = record.offset();
      assertThat(sent.get(record.offset())).isEqualTo(entry(record.key(), record.value()));
      survivors.remove(record.key());
      survivors.put(record.key(), record.value());
    }
    assertThat(survivors).isEqualTo(newest);
    assertThat(List.copyOf(survivors.keySet())).isEqualTo(List.copyOf(newest.keySet()));

    while (commitsStored() >= ROUNDS * COMMITS_PER_ROUND / 2) {
      lookAnew(compaction);
    }
    assertThat(committed()).isEqualTo(ROUNDS * COMMITS_PER_ROUND - 1L);
  }

  /**
   * What others have compacted is read once the broker commits something itself, or what it used to
   * read is gone: a start is the soonest.
   */
  private void lookAnew(String compaction) throws Exception {
    if (compaction.equals("elsewhere")) {
      broker.close();
      start(compaction);
    }
  }

  private void produce(Random random, int round) {
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer())) {
      for (int i = 0; i < RECORDS_PER_ROUND; i++) {
        String key = "key-" + random.nextInt(KEYS);
        String value = random.nextInt(10) == 0 ? null : "value-" + round + "-" + i;
        newest.remove(key);
        newest.put(key, value);
        producer.send(
            new ProducerRecord<>(TOPIC, key, value),
            (metadata, failure) -> {
              assertThat(failure).isNull();
              sent.put(metadata.offset(), entry(key, value));
            });
      }
    }
  }

  private void commit(int round) throws Exception {
    try (Admin admin = Admin.create(client())) {
      for (int i = 0; i < COMMITS_PER_ROUND; i++) {
        long offset = (long) round * COMMITS_PER_ROUND + i;
        admin
            .alterConsumerGroupOffsets(GROUP, Map.of(PARTITION, new OffsetAndMetadata(offset)))
            .all()
            .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      }
    }
  }

  private long committed() throws Exception {
    try (Admin admin = Admin.create(client())) {
      return admin
          .listConsumerGroupOffsets(GROUP)
          .partitionsToOffsetAndMetadata()
          .get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
          .get(PARTITION)
          .offset();
    }
  }

  /** Records of the partition of the internal topic that the group's commits are in. */
  private int commitsStored() {
    TopicPartition internal = new TopicPartition("__consumer_offsets", 0);
    try (KafkaConsumer<byte[], byte[]> consumer =
        consumer(new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      long end = consumer.endOffsets(List.of(internal)).get(internal);
      return read(consumer, internal, end).size();
    }
  }

  private List<ConsumerRecord<String, String>> read(
      TopicPartition partition, StringDeserializer text, long end) {
    try (KafkaConsumer<String, String> consumer = consumer(text, new StringDeserializer())) {
      return read(consumer, partition, end);
    }
  }

  private static <T> List<ConsumerRecord<T, T>> read(
      KafkaConsumer<T, T> consumer, TopicPartition partition, long end) {
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
    List<ConsumerRecord<T, T>> records = new ArrayList<>();
    while (consumer.position(partition) < end) {
      records.addAll(consumer.poll(Duration.ofMillis(200)).records(partition));
    }
    return records;
  }

  private <T> KafkaConsumer<T, T> consumer(Deserializer<T> keys, Deserializer<T> values) {
    Map<String, Object> config = new HashMap<>(client());
    config.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, (int) PATIENCE.toMillis());
    return new KafkaConsumer<>(config, keys, values);
  }

  private Map<String, Object> client() {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
  }

  private static Map.Entry<String, String> entry(String key, String value) {
    return new SimpleEntry<>(key, value);
  }

  private void start(String compaction) throws Exception {
    BrokerSettings settings = settings(compaction);
    bootstrap = "127.0.0.1:" + settings.port();
    broker = Broker.start(settings);
  }

  /** With ports of its own. */
  private BrokerSettings settings(String compaction) throws IOException {
    LoopbackSettings settings =
        new LoopbackSettings(ports)
            .in(temp)
            .with("OFFSETS_TOPIC_PARTITIONS", "1")
            .with("COMPACTION", compaction)
            .with("COMPACTION_L0_OBJECTS", "2")
            .with("COMPACTION_INTERVAL_MS", "100");
    return BrokerSettings.from(settings.environment());
  }
}
