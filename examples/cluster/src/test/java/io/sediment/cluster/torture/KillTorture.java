package io.sediment.cluster.torture;

import io.sediment.objectstore.s3.S3LoopbackServer;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Four producers write while the broker is killed again and again; then every acknowledged record
 * is read back.
 *
 * <p>{@code KillTorture --jar JAR --store local|s3 --dir DIR [--kills N] [--seed S]}. Exit status 0
 * when nothing was lost, moved, reordered or (where the producer is idempotent) doubled; else 1,
 * with the anomalies by name. One seed fixes the kind and the moment of every kill; the rest of the
 * world is real, so a seed names a plan, not a replay.
 */
public final class KillTorture {
  private static final String TOPIC = "torture";
  private static final int RECORDS_PER_SECOND = 400;
  private static final long READY_TIMEOUT_MS = 90_000;

  /** When a kill comes. */
  private enum Moment {
    ANYTIME,
    DURING_L0_COMMIT,
    DURING_START_UP
  }

  private final Path jar;
  private final Path dir;
  private final Map<String, String> environment;
  private final String bootstrap;
  private final Random random;
  private final Ledger ledger = new Ledger(Ledger.LARGE);
  private final List<Long> readyAfterMs = new ArrayList<>();
  private final Map<Moment, Integer> killsByMoment = new TreeMap<>();
  private final List<String> anomalies = new ArrayList<>();

  private KillTorture(Path jar, Path dir, Map<String, String> storeEnvironment, long seed)
      throws IOException {
    this.jar = jar;
    this.dir = dir;
    this.random = new Random(seed);
    // Small memory, so that memtables are flushed every few seconds and kills meet flushes.
    LoopbackSettings settings =
        new LoopbackSettings(new FreePorts())
            .with("RAFT_PATH", dir.resolve("raft"))
            .with(storeEnvironment);
    this.bootstrap = settings.bootstrap();
    this.environment = settings.environment();
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = options(args);
    long seed = Long.parseLong(options.getOrDefault("seed", "1"));
    int kills = Integer.parseInt(options.getOrDefault("kills", "20"));
    Path jar = Path.of(options.get("jar"));
    Path dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    String store = options.getOrDefault("store", "local");
    // Whatever ends this program ends the brokers and clients it started, also where producers
    // still run.
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () ->
                    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly)));
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, failure) -> {
          failure.printStackTrace();
          System.exit(1);
        });
    boolean passed;
    if (store.equals("s3")) {
      try (S3LoopbackServer s3 = S3LoopbackServer.onFolder(dir.resolve("s3"))) {
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
        passed = new KillTorture(jar, dir, environment, seed).run(kills);
      }
    } else {
      passed =
          new KillTorture(jar, dir, Map.of("DATA_PATH", dir.resolve("data").toString()), seed)
              .run(kills);
    }
    System.exit(passed ? 0 : 1);
  }

  private boolean run(int kills) throws Exception {
    BrokerProcess broker = startAndAwaitReady();
    createTopic();
    List<LoadProducer> producers = producers();
    for (LoadProducer producer : producers) {
      producer.start();
    }
    for (Moment moment : plan(kills)) {
      broker = killAt(moment, broker);
    }
    TimeUnit.SECONDS.sleep(2);
    for (LoadProducer producer : producers) {
      producer.finish();
    }
    anomalies.addAll(
        ReadBack.anomalies(ledger, ReadBack.readAll(bootstrap, TOPIC, producers.size())));
    anomalies.addAll(FsckProcess.anomalies(jar, environment, "beside a broker"));
    int status = broker.terminate();
    if (status != 0) {
      anomalies.add("exit status after SIGTERM: " + status);
    }
    anomalies.addAll(FsckProcess.anomalies(jar, environment, "after an orderly end"));
    report();
    return anomalies.isEmpty();
  }

  private List<LoadProducer> producers() {
    return List.of(
        new JavaLoadProducer(
            bootstrap, TOPIC, ledger.open("java-idempotent", 0, true), RECORDS_PER_SECOND),
        new JavaLoadProducer(
            bootstrap, TOPIC, ledger.open("java-plain", 1, false), RECORDS_PER_SECOND),
        new KcatLoadProducer(
            bootstrap, TOPIC, ledger.open("kcat-idempotent", 2, true), RECORDS_PER_SECOND),
        new KcatLoadProducer(
            bootstrap, TOPIC, ledger.open("kcat-plain", 3, false), RECORDS_PER_SECOND));
  }

  /** A seeded order of moments: at least three of each special kind, the rest at any time. */
  private List<Moment> plan(int kills) {
    List<Moment> plan = new ArrayList<>();
    for (int i = 0; i < kills; i++) {
      plan.add(i < 4 ? Moment.DURING_L0_COMMIT : i < 8 ? Moment.DURING_START_UP : Moment.ANYTIME);
    }
    Collections.shuffle(plan, random);
    return plan;
  }

  /** Kills {@code broker} at the given moment and returns its ready successor. */
  private BrokerProcess killAt(Moment moment, BrokerProcess broker) throws Exception {
    switch (moment) {
      case ANYTIME -> TimeUnit.MILLISECONDS.sleep(500 + random.nextInt(2500));
      case DURING_L0_COMMIT -> {
        if (!broker.awaitLine(broker.mark(), line -> line.contains("flush begins: lane"), 60_000)) {
          throw new IllegalStateException("no L0 flush began within 60 s\n" + broker.lastLines(20));
        }
        TimeUnit.MILLISECONDS.sleep(random.nextInt(60));
      }
      case DURING_START_UP -> {
        TimeUnit.MILLISECONDS.sleep(500 + random.nextInt(1000));
        broker.kill9();
        BrokerProcess successor = start();
        TimeUnit.MILLISECONDS.sleep(200 + random.nextInt(2500));
        broker = successor;
      }
    }
    broker.kill9();
    if (moment == Moment.DURING_L0_COMMIT) {
      anomalies.addAll(FsckProcess.anomalies(jar, environment, "after kill -9"));
    }
    killsByMoment.merge(moment, 1, Integer::sum);
    System.out.printf("killed %s; %d records acknowledged so far%n", moment, ledger.ackCount());
    return startAndAwaitReady();
  }

  private BrokerProcess start() throws IOException {
    return BrokerProcess.start(
        jar,
        List.of("-Xmx256m", "-XX:MaxDirectMemorySize=256m"),
        environment,
        dir.resolve("broker.log"));
  }

  private BrokerProcess startAndAwaitReady() throws Exception {
    long before = System.nanoTime();
    BrokerProcess broker = start();
    if (!broker.awaitLine(0, line -> line.contains("Sediment is ready"), READY_TIMEOUT_MS)) {
      throw new IllegalStateException("the broker was not ready:\n" + broker.lastLines(40));
    }
    readyAfterMs.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before));
    return broker;
  }

  private void createTopic() throws Exception {
    try (Admin admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap))) {
      admin
          .createTopics(List.of(new NewTopic(TOPIC, 4, (short) 1)))
          .all()
          .get(60, TimeUnit.SECONDS);
    }
  }

  private void report() {
    Collections.sort(readyAfterMs);
    System.out.printf(
        "kills %s, records acknowledged %d, start to ready: median %d ms, max %d ms%n",
        killsByMoment,
        ledger.ackCount(),
        readyAfterMs.get(readyAfterMs.size() / 2),
        readyAfterMs.get(readyAfterMs.size() - 1));
    for (Ledger.Account account : ledger.accounts()) {
      System.out.printf("  %-16s %d acknowledged%n", account.producer, account.acks().size());
    }
    anomalies.stream().limit(50).forEach(a -> System.out.println("ANOMALY " + a));
    System.out.println(anomalies.isEmpty() ? "no anomaly" : anomalies.size() + " anomalies");
  }

  private static Map<String, String> options(String[] args) {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    }
    if (!options.containsKey("jar") || !options.containsKey("dir")) {
      System.err.println(
          "usage: KillTorture --jar JAR --store local|s3 --dir DIR [--kills N] [--seed S]");
      System.exit(2);
    }
    return options;
  }
}
