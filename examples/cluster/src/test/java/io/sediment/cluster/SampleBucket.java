package io.sediment.cluster;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.Await;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * A bucket with one of everything, boundary and collected manifests included, left behind by
 * brokers as {@code kill -9} leaves it: runs with their directories, flushed objects, adopted
 * objects of the write-ahead log, fences, a log tail that nobody has flushed, a sealed lane, a
 * second incarnation; a compacted topic, a deleted one, and one whose log start was raised.
 */
final class SampleBucket {
  static final String PLAIN = "plain";
  static final String COMPACTED = "compacted";
  static final String TRIMMED = "trimmed";
  static final String DELETED = "deleted";
  static final int PLAIN_PARTITIONS = 3;
  static final long TRIMMED_TO = 30;

  private static final int RECORDS = 60;
  private static final int KEYS = 7;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final Path temp;
  private final FreePorts ports = new FreePorts();
  private String bootstrap = "";
  private int sent;

  private SampleBucket(Path temp) {
    this.temp = temp;
  }

  /** Makes it below {@code temp}, in half a minute, and returns its folder. */
  static Path make(Path temp) throws Exception {
    return new SampleBucket(temp).make();
  }

  /** The environment variables with which tools look at a bucket. */
  static Map<String, String> environment(Path bucket) {
    return Map.of("DATA_PATH", bucket.toString());
  }

  /**
   * Copies a bucket; one that is at work is then as a killed broker leaves it, if nothing is
   * deleted meanwhile.
   */
  static void copy(Path from, Path to) throws IOException {
    for (Path file : FilesAtWork.in(from)) {
      Path copy = to.resolve(from.relativize(file).toString());
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy);
    }
  }

  private Path make() throws Exception {
    Path first = temp.resolve("first");
    Path second = temp.resolve("second");
    Path last = temp.resolve("last");
    try (Broker broker = start(first, "raft-1", "in-broker", false)) {
      createTopics();
      produce();
    }
    try (Broker broker = start(first, "raft-1", "in-broker", false)) {
      produce();
    }
    try (Broker broker = start(first, "raft-1", "in-broker", false)) {
      Await.until("level 0 was clustered", () -> has(first, ".l1"));
      deleteSome();
      Await.until("old manifests were collected", () -> has(first, "boundary"));
    }
    try (Broker broker = start(first, "raft-1", "elsewhere", false)) {
      produce();
      copy(first, second);
    }
    try (Broker broker = start(second, "raft-2", "elsewhere", true)) {
      produce();
    }
    try (Broker broker = start(second, "raft-2", "elsewhere", false)) {
      produce();
      copy(second, last);
    }
    return last;
  }

  private static boolean has(Path bucket, String suffix) {
    try {
      return FilesAtWork.in(bucket).stream().anyMatch(file -> file.toString().endsWith(suffix));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void createTopics() throws Exception {
    try (Admin admin = Admin.create(client())) {
      get(
          admin
              .createTopics(
                  List.of(
                      new NewTopic(PLAIN, PLAIN_PARTITIONS, (short) 1),
                      new NewTopic(TRIMMED, 1, (short) 1),
                      new NewTopic(DELETED, 1, (short) 1),
                      new NewTopic(COMPACTED, 1, (short) 1)
                          .configs(
                              Map.of(
                                  "cleanup.policy",
                                  "compact",
                                  "min.cleanable.dirty.ratio",
                                  "0.01"))))
              .all());
    }
  }

  private void deleteSome() throws Exception {
    try (Admin admin = Admin.create(client())) {
      get(admin.deleteTopics(List.of(DELETED)).all());
      get(
          admin
              .deleteRecords(
                  Map.of(new TopicPartition(TRIMMED, 0), RecordsToDelete.beforeOffset(TRIMMED_TO)))
              .all());
    }
  }

  /** Some records to every topic, by an idempotent producer, and an offset committed. */
  private void produce() throws Exception {
    try (Admin admin = Admin.create(client());
        KafkaProducer<String, String> producer =
            new KafkaProducer<>(client(), new StringSerializer(), new StringSerializer())) {
      boolean isDeleted = !get(admin.listTopics().names()).contains(DELETED);
      for (int i = 0; i < RECORDS; i++) {
        String key = "key-" + i % KEYS;
        String value = "value-" + sent++;
        producer.send(new ProducerRecord<>(PLAIN, i % PLAIN_PARTITIONS, key, value));
        producer.send(new ProducerRecord<>(COMPACTED, key, value));
        producer.send(new ProducerRecord<>(TRIMMED, key, value));
        if (!isDeleted) {
          producer.send(new ProducerRecord<>(DELETED, key, value));
        }
        if (i % 20 == 0) {
          producer.flush(); // so that the log has several objects
        }
      }
      producer.flush();
      get(
          admin
              .alterConsumerGroupOffsets(
                  "group", Map.of(new TopicPartition(PLAIN, 0), new OffsetAndMetadata(sent)))
              .all());
    }
  }

  private static <T> T get(KafkaFuture<T> future) throws Exception {
    return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private Map<String, Object> client() {
    return Map.of(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
  }

  private Broker start(Path bucket, String raft, String compaction, boolean recovers)
      throws Exception {
    LoopbackSettings settings =
        new LoopbackSettings(ports)
            .with("DATA_PATH", bucket)
            .with("RAFT_PATH", temp.resolve(raft))
            .with("RECOVER_FROM_BUCKET", recovers)
            .with("OFFSETS_TOPIC_PARTITIONS", "1")
            .with("COMPACTION", compaction)
            // A bucket that is copied must not lose anything meanwhile.
            .with("GARBAGE_INTERVAL_MS", compaction.equals("in-broker") ? "200" : "3600000")
            .with("COMPACTION_L0_OBJECTS", "2")
            .with("COMPACTION_INTERVAL_MS", "100")
            .with("RETENTION_CHECK_INTERVAL_MS", "200");
    bootstrap = settings.bootstrap();
    return Broker.start(BrokerSettings.from(settings.environment()));
  }
}
