package io.sediment.cluster.bench;

import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * One compacted partition with millions of keys, in a broker of little memory, and beside it a real
 * Apache Kafka with the same records: each is asked for everything from the beginning until exactly
 * the last record of each key is left, which is checked record by record.
 *
 * <p>Every key is written once, then half of them again, every tenth of these as a tombstone. The
 * offset of a record is what it holds, since one idempotent producer writes all of them.
 */
public final class BenchManyKeys {
  private static final String TOPIC = "keys";
  private static final TopicPartition PARTITION = new TopicPartition(TOPIC, 0);
  private static final int TOMBSTONE_EACH = 10;

  /** Behind all keys: Kafka leaves its newest segment alone, and these begin a new one. */
  private static final int TRAILERS = 10;

  private static final Duration PATIENCE = Duration.ofMinutes(40);

  private final Map<String, String> options;
  private final Path dir;
  private final int keys;
  private final int valueBytes;

  /** The offset of each key's last record. */
  private final int[] last;

  /** Records before the trailers. */
  private int written;

  private BenchManyKeys(Map<String, String> options, Path dir) {
    this.options = options;
    this.dir = dir;
    this.keys = number("keys", 10_000_000);
    this.valueBytes = number("value-bytes", 24);
    this.last = new int[keys];
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    }
    Path dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    BenchManyKeys bench = new BenchManyKeys(options, dir);
    String only = options.getOrDefault("only", "");
    boolean sound = true;
    if (!only.equals("kafka")) {
      sound = bench.sediment();
    }
    if (!only.equals("sediment")) {
      sound &= bench.kafka();
    }
    System.exit(sound ? 0 : 1);
  }

  // -- the brokers -------------------------------------------------------------------------------

  private boolean sediment() throws Exception {
    Path home = dir.resolve("keys");
    Folders.delete(home);
    String jvm = options.getOrDefault("jvm", "-Xmx256m -XX:MaxDirectMemorySize=256m");
    SedimentServer server =
        new SedimentServer(
            Path.of(options.get("jar")),
            home,
            dir.resolve("keys.log"),
            List.of(jvm.split(" ")),
            new FreePorts());
    System.out.println("Sediment, " + jvm);
    ServerProcess process = server.start();
    try {
      createTopic(server.bootstrap(), Map.of());
      produce(server.bootstrap());
      say("while producing: resident MB, peak", process.residentMb(true));
      // A stop flushes what is in memory; that after the first one is a partner for whatever object
      // was left alone at the end of level 0.
      long begin = System.nanoTime();
      for (int i = 0; i < 2; i++) {
        process.stop();
        process =
            server.start(Map.of("COMPACTION_L0_OBJECTS", "2", "COMPACTION_INTERVAL_MS", "1000"));
        try (KafkaProducer<byte[], byte[]> producer = producer(server.bootstrap())) {
          sendTrailers(producer);
        }
      }
      return awaitCompacted(server.bootstrap(), process, begin);
    } finally {
      process.kill();
      Folders.delete(home);
    }
  }

  private boolean kafka() throws Exception {
    Path home = dir.resolve("keys-kafka");
    Folders.delete(home);
    Files.createDirectories(home);
    String heap = options.getOrDefault("kafka-heap", "512m"); // 128 MB of it for its offset map
    KafkaServer server =
        new KafkaServer(options.get("kafka-class-path"), home, dir, heap, new FreePorts());
    System.out.println("Apache Kafka, -Xmx" + heap);
    ServerProcess process = server.start();
    try {
      createTopic(server.bootstrap(), Map.of("segment.bytes", "67108864", "segment.ms", "10000"));
      produce(server.bootstrap());
      say("while producing: resident MB, peak", process.residentMb(true));
      return awaitCompacted(server.bootstrap(), process, System.nanoTime());
    } finally {
      process.kill();
      Folders.delete(home);
    }
  }

  // -- what is written ---------------------------------------------------------------------------

  private void createTopic(String bootstrap, Map<String, String> more) throws Exception {
    Map<String, String> configs = new HashMap<>(more);
    configs.put("cleanup.policy", "compact");
    configs.put("min.cleanable.dirty.ratio", "0.01");
    configs.put("delete.retention.ms", Long.toString(TimeUnit.DAYS.toMillis(7)));
    try (Admin admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap))) {
      admin
          .createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1).configs(configs)))
          .all()
          .get(60, TimeUnit.SECONDS);
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(String bootstrap) {
    Map<String, Object> config = new HashMap<>();
    config.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    config.put(ProducerConfig.LINGER_MS_CONFIG, 20);
    config.put(ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
    config.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 600_000);
    config.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 600_000L);
    return new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer());
  }

  private void produce(String bootstrap) throws InterruptedException {
    AtomicReference<@Nullable String> wrong = new AtomicReference<>();
    long begin = System.nanoTime();
    written = 0;
    try (KafkaProducer<byte[], byte[]> producer = producer(bootstrap)) {
      for (int key = 0; key < keys; key++) {
        send(producer, key, false, wrong);
      }
      for (int i = 0; i < keys / 2; i++) {
        // In an order of their own; no two are the same while the step has no factor of the count.
        int key = (int) (i * 7_368_787L % keys);
        send(producer, key, i % TOMBSTONE_EACH == 0, wrong);
      }
      producer.flush();
      say("records", written);
      say("produced, records per second", written / ((System.nanoTime() - begin) / 1e9));
      TimeUnit.SECONDS.sleep(11); // so that Kafka's segment is old enough
      sendTrailers(producer);
    }
    if (wrong.get() != null) {
      throw new IllegalStateException(wrong.get());
    }
  }

  private void sendTrailers(KafkaProducer<byte[], byte[]> producer) {
    for (int i = 0; i < TRAILERS; i++) {
      producer.send(new ProducerRecord<>(TOPIC, 0, key(keys + i), key(i)));
    }
    producer.flush();
  }

  private void send(
      KafkaProducer<byte[], byte[]> producer,
      int key,
      boolean tombstone,
      AtomicReference<@Nullable String> wrong) {
    int offset = written++;
    last[key] = offset;
    producer.send(
        new ProducerRecord<>(TOPIC, 0, key(key), tombstone ? null : value(offset)),
        (metadata, failure) -> {
          if (failure != null || metadata.offset() != offset) {
            wrong.compareAndSet(null, "record " + offset + ": " + metadata + " " + failure);
          }
        });
  }

  private static byte[] key(int key) {
    return ByteBuffer.allocate(Long.BYTES).putLong(key).array();
  }

  private byte[] value(int offset) {
    ByteBuffer value = ByteBuffer.allocate(valueBytes).putInt(offset);
    for (long mixed = offset; value.remaining() >= Long.BYTES; ) {
      mixed = mixed * 6364136223846793005L + 1442695040888963407L; // so that it does not compress
      value.putLong(mixed);
    }
    return value.array();
  }

  // -- what is left ------------------------------------------------------------------------------

  /** Reads everything again and again, until only survivors are left. */
  private boolean awaitCompacted(String bootstrap, ServerProcess process, long begin)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    double cpu = process.cpuSeconds();
    Left left = read(bootstrap);
    while (left.wrong == null && left.superseded > 0 && System.nanoTime() < deadline) {
      TimeUnit.SECONDS.sleep(number("look-seconds", 10));
      left = read(bootstrap);
    }
    say("compacted within s", (System.nanoTime() - begin) / 1e9);
    say("processor time for that and for the reading, s", process.cpuSeconds() - cpu);
    say("resident MB, peak", process.residentMb(true));
    say("surviving keys, each with its last offset and value", left.survivors);
    say("superseded records left", left.superseded);
    if (left.wrong != null) {
      System.out.println("  WRONG: " + left.wrong);
    }
    return left.wrong == null && left.superseded == 0 && left.survivors == keys;
  }

  /** What a scan from the beginning to the trailers has met. */
  private record Left(long survivors, long superseded, @Nullable String wrong) {}

  private Left read(String bootstrap) {
    Map<String, Object> config = new HashMap<>();
    config.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
    config.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 10_000);
    config.put(ConsumerConfig.MAX_PARTITION_FETCH_BYTES_CONFIG, 8 << 20);
    config.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 120_000);
    BitSet seen = new BitSet(keys);
    long superseded = 0;
    long before = -1;
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(List.of(PARTITION));
      consumer.seekToBeginning(List.of(PARTITION));
      while (consumer.position(PARTITION) < written) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          if (record.offset() >= written) {
            break;
          }
          String wrong = wrongWith(record, before);
          if (wrong != null) {
            return new Left(seen.cardinality(), superseded, wrong);
          }
          before = record.offset();
          int key = (int) ByteBuffer.wrap(record.key()).getLong();
          if (last[key] == record.offset()) {
            seen.set(key);
          } else {
            superseded++;
          }
        }
      }
    }
    int missing = seen.nextClearBit(0);
    return new Left(
        seen.cardinality(),
        superseded,
        missing < keys ? "key " + missing + " is gone, last written at " + last[missing] : null);
  }

  private @Nullable String wrongWith(ConsumerRecord<byte[], byte[]> record, long before) {
    if (record.offset() <= before) {
      return "offset " + record.offset() + " after " + before;
    }
    int offset = (int) record.offset();
    boolean tombstone = offset >= keys && (offset - keys) % TOMBSTONE_EACH == 0;
    byte[] expected = tombstone ? null : value(offset);
    return java.util.Arrays.equals(record.value(), expected) ? null : "value at offset " + offset;
  }

  private int number(String name, int byDefault) {
    return Integer.parseInt(options.getOrDefault(name, Integer.toString(byDefault)));
  }

  private static void say(String what, double value) {
    System.out.printf(Locale.ROOT, "  %-56s %.0f%n", what, value);
  }
}
