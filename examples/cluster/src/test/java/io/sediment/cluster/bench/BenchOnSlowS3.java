package io.sediment.cluster.bench;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * Runs the broker's process on an S3 server that answers like S3 Standard and prints what clients
 * see: the time to an acknowledgement, what pipelining gains, one stalled put with and without
 * hedging, and catching up over many partitions with a cold cache.
 */
public final class BenchOnSlowS3 {
  private static final int ACK_PRODUCERS = 10;
  private static final int ACK_PARTITIONS = 8;
  private static final double ACK_RECORDS_PER_SECOND = 100;
  private static final Duration STALL = Duration.ofSeconds(5);
  private static final double STALL_RECORDS_PER_SECOND = 50;
  private static final Pattern HEDGES =
      Pattern.compile("sediment_wal_hedges_total\\{event=\"sent\",?} ([0-9.]+)");

  private static final Pattern L0_OBJECTS =
      Pattern.compile("sediment_lane_l0_objects(?:\\{[^}]*})? ([0-9.]+)");
  private static final int LOAD_PARTITIONS = 8;
  private static final int BACKLOG_PARTITIONS = 64; // small pieces, which compaction copies

  private static final Map<String, String> UNCOMPACTED = Map.of("COMPACTION", "elsewhere");

  private final Map<String, String> options;
  private final Path dir;
  private final String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private final SlowS3 s3;
  private final LoopbackSettings brokerSettings =
      new LoopbackSettings(new FreePorts()).withAllMemory();
  private final String bootstrap = brokerSettings.bootstrap();

  private BenchOnSlowS3(Map<String, String> options) throws Exception {
    this.options = options;
    this.dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    Path bucket = Path.of(options.getOrDefault("bucket", dir.resolve("bucket").toString()));
    this.s3 = new SlowS3(java, bucket.toAbsolutePath(), dir, number("seed", 1));
    brokerSettings.with(s3.settings()).with("RAFT_PATH", dir.resolve("raft"));
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    }
    new BenchOnSlowS3(options).run();
    System.exit(0); // servers of the test's libraries leave threads behind
  }

  private void run() throws Exception {
    Set<String> parts =
        Set.of(options.getOrDefault("parts", "acks,pipeline,stall,catchup").split(","));
    System.out.println("| | measured |\n| --- | --- |");
    ServerProcess broker = startBroker(Map.of());
    try {
      createTopic("acks", ACK_PARTITIONS);
      if (parts.contains("acks")) {
        acks();
      }
      if (parts.contains("pipeline")) {
        pipeline();
      }
      if (parts.contains("stall")) {
        stall("on");
      }
    } finally {
      broker.stop();
    }
    if (parts.contains("stall")) {
      broker = startBroker(Map.of("WAL_HEDGING", "false"));
      try {
        stall("off");
      } finally {
        broker.stop();
      }
    }
    if (parts.contains("catchup")) {
      catchUp();
    }
    if (parts.contains("besidecatchup") || parts.contains("besidecompactor")) {
      fillBacklog();
    }
    if (parts.contains("besidecatchup")) {
      besideCatchUp();
    }
    if (parts.contains("besidecompactor")) {
      besideCompactor();
    }
    s3.close();
  }

  // The figures.

  private void acks() throws Exception {
    List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
    for (int i = 0; i < ACK_PRODUCERS; i++) {
      producers.add(AckTimes.producer(bootstrap, Map.of(ProducerConfig.LINGER_MS_CONFIG, 0)));
    }
    int records = (int) (number("ack-seconds", 40) * ACK_RECORDS_PER_SECOND);
    AckTimes.poisson(producers, "acks", ACK_PARTITIONS, ACK_RECORDS_PER_SECOND, records / 4);
    int puts = s3.walPuts();
    double hedges = metric(HEDGES);
    long[] nanos =
        AckTimes.poisson(producers, "acks", ACK_PARTITIONS, ACK_RECORDS_PER_SECOND, records);
    puts = s3.walPuts() - puts;
    String what =
        "%.0f records/s of 1 KB from %d producers: "
            .formatted(ACK_RECORDS_PER_SECOND, ACK_PRODUCERS);
    Arrays.sort(nanos);
    print(what + "ack p50 ms (at most 110)", nanos[records / 2] / 1e6);
    print(what + "ack p99 ms (at most 260)", nanos[records * 99 / 100] / 1e6);
    print(what + "ack max ms", nanos[records - 1] / 1e6);
    print(what + "PUTs/s", puts * ACK_RECORDS_PER_SECOND / records);
    print(what + "hedges, % of PUTs", (metric(HEDGES) - hedges) * 100 / puts);
    producers.forEach(KafkaProducer::close);
  }

  private void pipeline() throws Exception {
    createTopic("pipeline", 1);
    int seconds = number("rate-seconds", 15);
    double five;
    double one;
    // Not so much memory that what waits in it for its turn would expire.
    Map<String, Object> settings = Map.of(ProducerConfig.BUFFER_MEMORY_CONFIG, 1L << 20);
    try (KafkaProducer<byte[], byte[]> producer = AckTimes.producer(bootstrap, settings)) {
      five = AckTimes.rate(producer, "pipeline", seconds / 4, seconds);
    }
    Map<String, Object> oneInFlight = new HashMap<>(settings);
    oneInFlight.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
    try (KafkaProducer<byte[], byte[]> producer = AckTimes.producer(bootstrap, oneInFlight)) {
      one = AckTimes.rate(producer, "pipeline", seconds / 4, seconds);
    }
    print("one producer, one partition, default settings: MB/s", five);
    print("the same with max.in.flight.requests.per.connection=1: MB/s", one);
    print("gain of pipelining (at least 4)", five / one);
  }

  private void stall(String hedging) throws Exception {
    int records = (int) (2 * STALL_RECORDS_PER_SECOND);
    try (KafkaProducer<byte[], byte[]> producer =
        AckTimes.producer(bootstrap, Map.of(ProducerConfig.LINGER_MS_CONFIG, 0))) {
      List<KafkaProducer<byte[], byte[]>> one = List.of(producer);
      AckTimes.poisson(one, "acks", 1, STALL_RECORDS_PER_SECOND, 5 * records); // the log learns
      s3.stallNextPut(STALL);
      long begin = System.nanoTime();
      long[] nanos = AckTimes.poisson(one, "acks", 1, STALL_RECORDS_PER_SECOND, records);
      double seconds = (System.nanoTime() - begin) / 1e9;
      String what = "2 s of records, one PUT stalled for 5 s, hedging " + hedging + ": ";
      print(what + "last ack after s", seconds);
      print(what + "slowest ack ms", Arrays.stream(nanos).max().orElseThrow() / 1e6);
    }
  }

  private void catchUp() throws Exception {
    int partitions = number("partitions", 1000);
    ServerProcess broker = startBroker(Map.of());
    try {
      createTopic("catchup", partitions);
      Map<String, Object> settings = new HashMap<>();
      settings.put(ProducerConfig.LINGER_MS_CONFIG, 100);
      settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, 128L << 20);
      try (KafkaProducer<byte[], byte[]> producer = AckTimes.producer(bootstrap, settings)) {
        AckTimes.fill(producer, "catchup", partitions, number("megabytes", 1024));
      }
    } finally {
      broker.stop(); // and nothing of it is in memory any more
    }
    broker = startBroker(Map.of());
    try {
      for (String round : List.of("cold", "again")) {
        int gets = s3.gets();
        double cpu = broker.cpuSeconds();
        String[] bytesAndSeconds =
            runClient("io.sediment.cluster.bench.AssignedConsumer", bootstrap, "catchup")
                .split(" ");
        double megabytes = Long.parseLong(bytesAndSeconds[0]) / 1048576.0;
        String what = "catch-up over %d partitions, %s: ".formatted(partitions, round);
        print(what + "MB/s (at least 50)", megabytes / Double.parseDouble(bytesAndSeconds[1]));
        print(what + "GETs per GB", (s3.gets() - gets) * 1024 / megabytes);
        print(what + "CPU s/GB", (broker.cpuSeconds() - cpu) * 1024 / megabytes);
      }
      print("resident MB, peak", broker.residentMb(true));
    } finally {
      broker.stop();
    }
  }

  /** Leaves a topic in the store of which nothing is in memory any more, nor compacted. */
  private void fillBacklog() throws Exception {
    ServerProcess broker = startBroker(UNCOMPACTED);
    try {
      createTopic("replay", BACKLOG_PARTITIONS);
      createTopic("load", LOAD_PARTITIONS);
      Map<String, Object> settings =
          Map.of(ProducerConfig.LINGER_MS_CONFIG, 20, ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
      try (KafkaProducer<byte[], byte[]> producer = AckTimes.producer(bootstrap, settings)) {
        AckTimes.fill(producer, "replay", BACKLOG_PARTITIONS, replayMegabytes());
      }
    } finally {
      broker.stop();
    }
  }

  /** A steady load alone, and beside a reader that catches up from a cold cache. */
  private void besideCatchUp() throws Exception {
    ServerProcess broker = startBroker(UNCOMPACTED);
    try {
      double alone = load("alone", loadWarmSeconds(), forSeconds(loadSeconds()));
      CompletableFuture<String> reader =
          CompletableFuture.supplyAsync(
              () -> runClient("io.sediment.cluster.bench.AssignedConsumer", bootstrap, "replay"));
      double beside = load("beside a catch-up", 0, () -> !reader.isDone());
      String[] bytesAndSeconds = reader.join().split(" ");
      print(
          "catch-up of %d MB beside that load: MB/s".formatted(replayMegabytes()),
          Long.parseLong(bytesAndSeconds[0]) / 1048576.0 / Double.parseDouble(bytesAndSeconds[1]));
      print("p99 beside a catch-up, % more", 100 * (beside / alone - 1));
    } finally {
      broker.stop();
    }
  }

  /**
   * A load while compaction works through a backlog and while it waits for the store, in turns, on
   * one broker.
   */
  private void besideCompactor() throws Exception {
    boolean works = !options.getOrDefault("compaction", "turns").equals("never");
    ServerProcess broker =
        startBroker(
            works
                ? Map.of("COMPACTION_L0_OBJECTS", "4", "COMPACTION_INTERVAL_MS", "1000")
                : UNCOMPACTED);
    try {
      print("objects of level 0 in the beginning", metric(L0_OBJECTS));
      PoissonLoad load =
          PoissonLoad.start(
              java, bootstrap, "load", LOAD_PARTITIONS, number("load-mb-per-second", 4), dir);
      // Compaction goes on meanwhile, so that its part of the broker gets warm, too.
      TimeUnit.SECONDS.sleep(number("load-warm-seconds", 60));
      AlternatingWindows windows = new AlternatingWindows(s3, () -> brokerMetrics(broker), works);
      windows.run(number("pairs", 12), number("window-seconds", 10), number("seed", 1));
      print("objects of level 0 in the end", metric(L0_OBJECTS));
      windows.print(load.end());
    } finally {
      s3.letCompactionGo();
      broker.stop();
    }
  }

  private AlternatingWindows.BrokerMetrics brokerMetrics(ServerProcess broker) {
    try {
      String metrics = metrics();
      return new AlternatingWindows.BrokerMetrics(
          broker.cpuSeconds(),
          sum(metrics, "sediment_store_bytes_total", "client=\"catchup\"", "direction=\"down\""),
          sum(metrics, "sediment_wal_ack_seconds_count", "part=\"put\""),
          sum(metrics, "sediment_wal_ack_seconds_sum", "part=\"queue\""),
          sum(metrics, "sediment_wal_ack_seconds_sum", "part=\"put\""),
          sum(metrics, "sediment_wal_ack_seconds_sum", "part=\"order\""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of all lines of a metric that have these labels. */
  private static double sum(String metrics, String name, String... labels) {
    return metrics
        .lines()
        .filter(line -> line.startsWith(name + "{"))
        .filter(line -> Arrays.stream(labels).allMatch(line::contains))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** Puts a load on the broker for as long as asked, and returns the p99 in milliseconds. */
  private double load(String beside, int warmSeconds, BooleanSupplier goesOn) throws Exception {
    long[] nanos = steadyLoad(warmSeconds, goesOn).tookNanos();
    if (nanos.length == 0) {
      throw new IllegalStateException(
          "no record was due after the warm-up and acknowledged before the end: " + beside);
    }
    Arrays.sort(nanos);
    String what = "%d MB/s of 1 KB records, %s: ".formatted(megabytesPerSecond(), beside);
    double p99 = nanos[(int) (nanos.length * 0.99)] / 1e6;
    print(what + "ack p50 ms", nanos[nanos.length / 2] / 1e6);
    print(what + "ack p99 ms", p99);
    print(what + "seconds", (double) nanos.length / 1024 / megabytesPerSecond());
    return p99;
  }

  private AckTimes.Acks steadyLoad(int warmSeconds, BooleanSupplier goesOn) throws Exception {
    // With batches of the default size one producer's five requests under way hold 6 MB/s at most.
    Map<String, Object> settings =
        Map.of(ProducerConfig.LINGER_MS_CONFIG, 5, ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10);
    try (KafkaProducer<byte[], byte[]> producer = AckTimes.producer(bootstrap, settings)) {
      return AckTimes.steady(
          producer, "load", LOAD_PARTITIONS, megabytesPerSecond(), warmSeconds, goesOn);
    }
  }

  private int megabytesPerSecond() {
    return number("load-mb-per-second", 20);
  }

  private int replayMegabytes() {
    return number("replay-megabytes", 2048);
  }

  private int loadWarmSeconds() {
    return number("load-warm-seconds", 30);
  }

  private int loadSeconds() {
    return number("load-seconds", 60);
  }

  private static BooleanSupplier forSeconds(int seconds) {
    AtomicLong end = new AtomicLong(); // counts from the first question
    return () -> {
      long now = System.nanoTime();
      end.compareAndSet(0, now + TimeUnit.SECONDS.toNanos(seconds));
      return now < end.get();
    };
  }

  // What it takes.

  private ServerProcess startBroker(Map<String, String> more) throws Exception {
    Map<String, String> environment = brokerSettings.environment();
    environment.putAll(more);
    List<String> command = new ArrayList<>();
    if (options.containsKey("broker-cpus")) {
      command.addAll(List.of("taskset", "-c", options.get("broker-cpus")));
    }
    command.addAll(List.of(java, "-Xmx" + options.getOrDefault("heap", "1g")));
    command.addAll(List.of("-jar", Path.of(options.get("jar")).toAbsolutePath().toString()));
    return ServerProcess.start(
        command, environment, dir.resolve("broker.log"), "Sediment is ready");
  }

  private double metric(Pattern pattern) {
    Matcher found = pattern.matcher(metrics());
    return found.find() ? Double.parseDouble(found.group(1)) : 0;
  }

  private String metrics() {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + brokerSettings.httpPort() + "/metrics"))
            .build();
    try {
      return HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private void createTopic(String topic, int partitions) throws Exception {
    try (Admin admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap))) {
      admin
          .createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
          .all()
          .get(120, TimeUnit.SECONDS);
    }
  }

  /** Last line of what another process of this class path prints. */
  private String runClient(String... mainAndArguments) {
    List<String> command =
        new ArrayList<>(List.of(java, "-Xmx512m", "-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(mainAndArguments));
    try {
      Process process =
          new ProcessBuilder(command).redirectError(dir.resolve("client.log").toFile()).start();
      String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(mainAndArguments[0] + " failed; see " + dir);
      }
      String[] lines = output.strip().split("\n");
      return lines[lines.length - 1];
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  private int number(String name, int byDefault) {
    return Integer.parseInt(options.getOrDefault(name, Integer.toString(byDefault)));
  }

  private static void print(String what, double value) {
    System.out.printf(Locale.ROOT, "| %s | %.2f |%n", what, value);
  }
}
