package io.sediment.cluster.torture;

import io.sediment.objectstore.PriceList;
import io.sediment.objectstore.s3.S3LoopbackServer;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Hours of retention in minutes: topics that are kept and one that soon expires, under load, while
 * the broker compacts, collects and is killed. What is in the bucket stays bounded; what is read
 * from the beginning is right in every round, and fsck finds nothing, neither under load nor after
 * a kill; requests are counted and priced. With {@code --compaction elsewhere} a compactor in a
 * process of its own does that part, and is killed, too.
 *
 * <p>{@code LayersTorture --jar JAR --store local|s3 --dir DIR [--compaction in-broker|elsewhere]
 * [--rounds N] [--round-seconds S] [--seed S]}. Exit status 0 when all held.
 */
public final class LayersTorture {
  private static final String KEPT = "kept";
  private static final String SHORT = "short";
  private static final int SHORT_PARTITIONS = 50;
  private static final int SHORT_RETENTION_MS = 5_000;
  private static final int SHORT_RECORDS_PER_SECOND = 3_000;
  private static final int SHORT_RECORD_BYTES = 1_000;
  private static final int KEPT_RECORDS_PER_SECOND = 300;
  private static final long READY_TIMEOUT_MS = 90_000;

  private static final int RETENTION_CHECK_INTERVAL_MS = 1_000;
  private static final int GARBAGE_INTERVAL_MS = 2_000;

  /**
   * Until the last memtable is flushed, what is in it has expired, a retention pass has seen that,
   * and two garbage passes have seen that nothing is committed any more; and then some.
   */
  private static final int SETTLING_SECONDS =
      60
          + (SHORT_RETENTION_MS + RETENTION_CHECK_INTERVAL_MS + 2 * GARBAGE_INTERVAL_MS) / 1_000
          + 20;

  /** Of the short topic, under load: kept, being flushed, in manifests that are still retained. */
  private static final int UNEXPIRED_SECONDS = 30;

  private static final long SETTLED_OBJECTS_MAX = 400;

  /** With those of the log since the last flush, and until the next look for garbage. */
  private static final long OBJECTS_MAX = 1_500;

  private final Path jar;
  private final Path dir;
  private final Path bucket;
  private final Map<String, String> environment;
  private final String bootstrap;
  private final int httpPort;
  private final int compactorHttpPort;
  private final boolean compactsElsewhere;
  private final Random random;
  private final Ledger ledger = new Ledger(Ledger.LARGE);
  private final AtomicLong shortSent = new AtomicLong();
  private final List<String> anomalies = new ArrayList<>();
  private StoreRequests requests = StoreRequests.NONE; // of processes that were killed
  private volatile boolean stopping;
  private @Nullable BrokerProcess compactor;

  /** What lies in the bucket. */
  private record Stock(long objects, long bytes) {}

  private LayersTorture(
      Path jar,
      Path dir,
      Path bucket,
      Map<String, String> storeEnvironment,
      boolean compactsElsewhere,
      long seed)
      throws IOException {
    this.jar = jar;
    this.dir = dir;
    this.bucket = bucket;
    FreePorts ports = new FreePorts();
    this.compactorHttpPort = ports.take();
    this.compactsElsewhere = compactsElsewhere;
    this.random = new Random(seed);
    LoopbackSettings settings =
        new LoopbackSettings(ports) // with its little memory: an L0 every second or two
            .with("RAFT_PATH", dir.resolve("raft"))
            .with("RETENTION_CHECK_INTERVAL_MS", RETENTION_CHECK_INTERVAL_MS)
            .with("GARBAGE_INTERVAL_MS", GARBAGE_INTERVAL_MS)
            .with("COMPACTION", compactsElsewhere ? "elsewhere" : "in-broker")
            .with("COMPACTION_L0_OBJECTS", "4")
            .with("COMPACTION_INTERVAL_MS", "500")
            .with(storeEnvironment);
    this.bootstrap = settings.bootstrap();
    this.httpPort = settings.httpPort();
    this.environment = settings.environment();
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = options(args);
    Path dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    Path jar = Path.of(options.get("jar"));
    long seed = Long.parseLong(options.getOrDefault("seed", "1"));
    int rounds = Integer.parseInt(options.getOrDefault("rounds", "5"));
    int seconds = Integer.parseInt(options.getOrDefault("round-seconds", "20"));
    boolean elsewhere = options.getOrDefault("compaction", "in-broker").equals("elsewhere");
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () ->
                    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly)));
    boolean passed;
    if (options.getOrDefault("store", "local").equals("s3")) {
      Path bucket = dir.resolve("s3");
      try (S3LoopbackServer s3 = S3LoopbackServer.onFolder(bucket)) {
        Map<String, String> environment =
            Map.of(
                "OBJECT_STORE_TYPE",
                "s3",
                "S3_BUCKET",
                S3LoopbackServer.BUCKET,
                "S3_ENDPOINT",
                s3.endpoint().toString(),
                "AWS_ACCESS_KEY_ID",
                S3LoopbackServer.ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY",
                S3LoopbackServer.SECRET_KEY,
                "DATA_PATH",
                "cluster");
        passed =
            new LayersTorture(jar, dir, bucket, environment, elsewhere, seed).run(rounds, seconds);
      }
    } else {
      Path bucket = dir.resolve("bucket");
      Map<String, String> environment = Map.of("DATA_PATH", bucket.toString());
      passed =
          new LayersTorture(jar, dir, bucket, environment, elsewhere, seed).run(rounds, seconds);
    }
    System.exit(passed ? 0 : 1);
  }

  private boolean run(int rounds, int seconds) throws Exception {
    BrokerProcess broker = startAndAwaitReady();
    startCompactor();
    createTopics();
    List<LoadProducer> producers =
        List.of(
            new JavaLoadProducer(
                bootstrap, KEPT, ledger.open("java", 0, true), KEPT_RECORDS_PER_SECOND),
            new KcatLoadProducer(
                bootstrap, KEPT, ledger.open("kcat", 1, true), KEPT_RECORDS_PER_SECOND));
    for (LoadProducer producer : producers) {
      producer.start();
    }
    Thread bulk = new Thread(this::produceShort, "short");
    bulk.start();
    for (int round = 1; round <= rounds; round++) {
      TimeUnit.SECONDS.sleep(seconds);
      checkShort();
      checkStockUnderLoad(round);
      complain(FsckProcess.anomalies(jar, environment, "under load"));
      killCompactor();
      if (round < rounds) {
        TimeUnit.MILLISECONDS.sleep(random.nextInt(2_000));
        requests = requests.plus(StoreRequests.of(httpPort));
        broker.kill9();
        complain(FsckProcess.anomalies(jar, environment, "after kill -9"));
        broker = startAndAwaitReady();
      }
    }
    stopping = true;
    bulk.join();
    for (LoadProducer producer : producers) {
      producer.finish();
    }
    checkShort();
    checkSettledStock();
    StoreRequests forWriting = requests.plus(StoreRequests.of(httpPort));
    if (compactor != null) {
      forWriting = forWriting.plus(StoreRequests.of(compactorHttpPort));
    }
    if (!Files.readString(dir.resolve(compactsElsewhere ? "compactor.log" : "broker.log"))
        .contains(" compacted: ")) {
      anomalies.add("nothing was compacted");
    }
    anomalies.addAll(
        ReadBack.anomalies(ledger, ReadBack.readAll(bootstrap, KEPT, producers.size())));
    // Cold caches: what a replay costs is what a newly started broker reads.
    if (broker.terminate() != 0) {
      anomalies.add("exit status after SIGTERM is not 0");
    }
    complain(FsckProcess.anomalies(jar, environment, "after an orderly end"));
    broker = startAndAwaitReady();
    reportCosts(forWriting);
    if (broker.terminate() != 0) {
      anomalies.add("exit status after SIGTERM is not 0");
    }
    anomalies.stream().limit(50).forEach(each -> System.out.println("ANOMALY " + each));
    System.out.println(anomalies.isEmpty() ? "no anomaly" : anomalies.size() + " anomalies");
    return anomalies.isEmpty();
  }

  // -- the topic that expires --------------------------------------------------------------------

  private void produceShort() {
    Map<String, Object> config =
        Map.of(
            ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrap,
            ProducerConfig.LINGER_MS_CONFIG,
            20,
            ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG,
            600_000,
            ProducerConfig.MAX_BLOCK_MS_CONFIG,
            600_000L,
            ProducerConfig.RECONNECT_BACKOFF_MAX_MS_CONFIG,
            500L);
    Random bytes = new Random(9);
    try (var producer =
        new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
      for (long n = 0; !stopping; n++) {
        byte[] value = new byte[SHORT_RECORD_BYTES]; // nothing that a codec could make smaller
        bytes.nextBytes(value);
        int partition = (int) (n % SHORT_PARTITIONS);
        byte[] key = Long.toString(n / SHORT_PARTITIONS).getBytes(StandardCharsets.US_ASCII);
        producer.send(
            new ProducerRecord<>(SHORT, partition, key, value),
            (metadata, failure) -> {
              if (failure != null) {
                complain("failed send: " + failure);
              } else {
                shortSent.incrementAndGet();
              }
            });
        if (n % 30 == 0) {
          LockSupport.parkNanos(30 * TimeUnit.SECONDS.toNanos(1) / SHORT_RECORDS_PER_SECOND);
        }
      }
      producer.flush();
    } catch (RuntimeException e) {
      complain("the bulk producer died: " + e);
    }
  }

  private synchronized void complain(String anomaly) {
    anomalies.add(anomaly);
  }

  private synchronized void complain(List<String> found) {
    anomalies.addAll(found);
  }

  /**
   * From its beginning, wherever that is now, to its end: the n-th record of a partition stands at
   * offset n, since one idempotent producer wrote all of them.
   */
  private void checkShort() {
    Map<Integer, Long> next = new HashMap<>();
    long[] count = {0};
    readFromBeginning(
        SHORT,
        SHORT_PARTITIONS,
        (record, logStart) -> {
          count[0]++;
          long expected = next.getOrDefault(record.partition(), record.offset());
          // Retention may have overtaken the reader, who then goes on at the log start.
          if (record.offset() != expected && record.offset() > logStart.getAsLong()) {
            complain(
                "poll skip: " + record.partition() + "@" + record.offset() + " after " + expected);
          }
          next.put(record.partition(), record.offset() + 1);
          if (Long.parseLong(new String(record.key(), StandardCharsets.US_ASCII))
              != record.offset()) {
            complain("inconsistent offset: " + record.partition() + "@" + record.offset());
          }
        });
    System.out.printf("%s: %d records from the beginning to the end, in order%n", SHORT, count[0]);
  }

  private interface Sink {
    void accept(ConsumerRecord<byte[], byte[]> record, LongSupplier logStart);
  }

  /** Reads up to what was the end at the start; returns bytes of values. */
  private long readFromBeginning(String topic, int partitions, Sink sink) {
    Map<String, Object> config =
        Map.of(
            ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG,
            bootstrap,
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            "earliest",
            ConsumerConfig.FETCH_MAX_BYTES_CONFIG,
            50 << 20,
            ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG,
            60_000);
    long bytes = 0;
    try (var consumer =
        new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> all =
          IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(topic, p)).toList();
      consumer.assign(all);
      consumer.seekToBeginning(all);
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      while (all.stream().anyMatch(tp -> consumer.position(tp) < ends.get(tp))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          bytes += record.serializedValueSize();
          TopicPartition partition = new TopicPartition(topic, record.partition());
          sink.accept(record, () -> consumer.beginningOffsets(List.of(partition)).get(partition));
        }
      }
    }
    return bytes;
  }

  // -- what lies in the bucket -------------------------------------------------------------------

  private Stock stock() throws IOException {
    for (int attempt = 0; ; attempt++) {
      try (Stream<Path> files = Files.walk(bucket)) {
        List<Path> objects =
            files.filter(Files::isRegularFile).filter(file -> isData(file.toString())).toList();
        long bytes = 0;
        for (Path object : objects) {
          bytes += Files.exists(object) ? Files.size(object) : 0;
        }
        return new Stock(objects.size(), bytes);
      } catch (IOException | UncheckedIOException deletedMeanwhile) {
        if (attempt == 20) {
          throw deletedMeanwhile;
        }
      }
    }
  }

  private static boolean isData(String path) {
    return path.contains("/data/") || path.contains("/lanes/");
  }

  private long keptBytes() {
    return ledger.ackCount() * 1_100;
  }

  private void report(String what, Stock stock) {
    System.out.printf(
        "%s: %d objects, %d MB in the bucket; produced so far: kept %d MB, short %d MB%n",
        what,
        stock.objects(),
        stock.bytes() >> 20,
        keptBytes() >> 20,
        shortSent.get() * SHORT_RECORD_BYTES >> 20);
  }

  /** What is kept once and a copy that was just replaced; and what has not yet expired. */
  private void checkStockUnderLoad(int round) throws IOException {
    Stock stock = stock();
    report("round " + round, stock);
    long unexpired = (long) UNEXPIRED_SECONDS * SHORT_RECORDS_PER_SECOND * SHORT_RECORD_BYTES;
    checkBounded(stock, bytesMax() + unexpired, OBJECTS_MAX);
  }

  private long bytesMax() {
    return 2 * keptBytes() + (32 << 20);
  }

  private void checkBounded(Stock stock, long bytesMax, long objectsMax) {
    if (stock.bytes() > bytesMax || stock.objects() > objectsMax) {
      complain(
          "space does not come back: "
              + stock
              + ", allowed "
              + bytesMax
              + " bytes, "
              + objectsMax
              + " objects");
    }
  }

  /** With everything of the short topic expired, what remains is what is kept, and little else. */
  private void checkSettledStock() throws Exception {
    long bytesMax = bytesMax();
    Stock stock = stock();
    int seconds = 0;
    for (;
        seconds < SETTLING_SECONDS
            && (stock.bytes() > bytesMax || stock.objects() > SETTLED_OBJECTS_MAX);
        seconds++) {
      TimeUnit.SECONDS.sleep(1);
      stock = stock();
    }
    report("settled after " + seconds + " s", stock);
    checkBounded(stock, bytesMax, SETTLED_OBJECTS_MAX);
  }

  // -- what it costs -----------------------------------------------------------------------------

  private void reportCosts(StoreRequests forWriting) {
    double writtenGb = (keptBytes() + shortSent.get() * (double) SHORT_RECORD_BYTES) / 1e9;
    StoreRequests before = StoreRequests.of(httpPort);
    double replayedGb = readFromBeginning(KEPT, 2, (record, logStart) -> {}) / 1e9;
    StoreRequests forReplay = StoreRequests.of(httpPort).since(before);
    PriceList prices = PriceList.S3_STANDARD;
    System.out.printf("requests while writing %.3f GB: %s%n", writtenGb, forWriting.byOperation());
    System.out.printf(
        "  %.0f PUTs and %.0f GETs per GB written, $%.4f per GB (one LSM per partition: $5.00, see"
            + " docs)%n",
        forWriting.puts() / writtenGb,
        forWriting.gets() / writtenGb,
        forWriting.dollars(prices) / writtenGb);
    System.out.printf(
        "  below the log %.2f bytes per byte produced: %.2f by flushes, %.2f by compaction%n",
        (forWriting.flushedBytes() + forWriting.compactedBytes()) / writtenGb / 1e9,
        forWriting.flushedBytes() / writtenGb / 1e9,
        forWriting.compactedBytes() / writtenGb / 1e9);
    System.out.printf(
        "  %.0f GETs per GB replayed (and %.0f regions of local files), $%.5f per GB (level 0 alone"
            + " at 15 KB per partition: 66,667 and $0.027)%n",
        forReplay.gets() / replayedGb,
        forReplay.fileRegions() / replayedGb,
        forReplay.dollars(prices) / replayedGb);
  }

  // -- the broker --------------------------------------------------------------------------------

  private BrokerProcess startAndAwaitReady() throws Exception {
    BrokerProcess broker =
        BrokerProcess.start(
            jar,
            List.of("-Xmx256m", "-XX:MaxDirectMemorySize=256m"),
            environment,
            dir.resolve("broker.log"));
    if (!broker.awaitLine(0, line -> line.contains("Sediment is ready"), READY_TIMEOUT_MS)) {
      throw new IllegalStateException("the broker was not ready:\n" + broker.lastLines(40));
    }
    return broker;
  }

  private void startCompactor() throws Exception {
    if (!compactsElsewhere) {
      return;
    }
    Map<String, String> own = new HashMap<>(environment);
    own.put("HTTP_PORT", Integer.toString(compactorHttpPort));
    BrokerProcess started =
        BrokerProcess.start(
            jar,
            List.of("-Xmx128m", "-XX:MaxDirectMemorySize=128m"),
            List.of("compactor"),
            own,
            dir.resolve("compactor.log"));
    if (!started.awaitLine(
        0, line -> line.contains("The compactor is at work"), READY_TIMEOUT_MS)) {
      throw new IllegalStateException("the compactor was not ready:\n" + started.lastLines(40));
    }
    compactor = started;
  }

  /** At any moment of a compaction, and starts the next one. */
  private void killCompactor() throws Exception {
    BrokerProcess victim = compactor;
    if (victim == null) {
      return;
    }
    TimeUnit.MILLISECONDS.sleep(random.nextInt(2_000));
    if (!victim.isAlive()) {
      complain("the compactor ended by itself:\n" + victim.lastLines(40));
    }
    requests = requests.plus(StoreRequests.of(compactorHttpPort));
    victim.kill9();
    complain(FsckProcess.anomalies(jar, environment, "after kill -9 of the compactor"));
    startCompactor();
  }

  private void createTopics() throws Exception {
    try (Admin admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap))) {
      NewTopic kept =
          new NewTopic(KEPT, 2, (short) 1).configs(Map.of(TopicConfig.RETENTION_MS_CONFIG, "-1"));
      NewTopic expiring =
          new NewTopic(SHORT, SHORT_PARTITIONS, (short) 1)
              .configs(
                  Map.of(TopicConfig.RETENTION_MS_CONFIG, Integer.toString(SHORT_RETENTION_MS)));
      admin.createTopics(List.of(kept, expiring)).all().get(60, TimeUnit.SECONDS);
    }
  }

  private static Map<String, String> options(String[] args) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    }
    if (!options.containsKey("jar") || !options.containsKey("dir")) {
      System.err.println(
          "usage: LayersTorture --jar JAR --store local|s3 --dir DIR [--compaction"
              + " in-broker|elsewhere] [--rounds N] [--round-seconds S] [--seed S]");
      System.exit(2);
    }
    return options;
  }
}
