package io.sediment.cluster.torture;

import io.sediment.objectstore.s3.S3LoopbackServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Producers write to three brokers while these are killed, stopped and restarted; then every
 * acknowledged record is read back by two clients.
 *
 * <p>{@code ClusterTorture --jar JAR --store local|s3 --dir DIR [--only STEP,…] [--rounds N]
 * [--partitions N] [--lease-ms MS] [--limit-ms MS] [--seconds-max S]}. Exit status 0 when nothing
 * was lost, moved, reordered or (where the producer is idempotent) doubled, no failover took longer
 * than the limit, and all of it was done in time.
 */
public final class ClusterTorture {
  private static final String TOPIC = "torture";
  private static final int RECORDS_PER_SECOND = 100;
  private static final int BROKERS = 3;

  /** What happens to the brokers in a round, in this order. */
  private enum Step {
    KILLS(ClusterTorture::killEachInTurn),
    RAFT_LEADER(ClusterTorture::killTheRaftLeader),
    TWO_OF_THREE((torture, probe) -> torture.killTwoOfThree()),
    ZOMBIE(ClusterTorture::stopOnePastItsLease),
    ROLLING((torture, probe) -> torture.rollingRestart());

    /** Does it. */
    @FunctionalInterface
    interface Action {
      void run(ClusterTorture torture, FailoverProbe probe) throws Exception;
    }

    final Action action;

    Step(Action action) {
      this.action = action;
    }

    /**
     * @param names separated by commas; empty for all
     */
    static Set<Step> named(String names) {
      Set<Step> steps = EnumSet.noneOf(Step.class);
      for (String name : names.split(",")) {
        if (!name.isEmpty()) {
          steps.add(valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_')));
        }
      }
      return steps.isEmpty() ? EnumSet.allOf(Step.class) : steps;
    }
  }

  private final BrokerFleet fleet;
  private final Set<Step> steps;
  private final int rounds;
  private final int partitions;
  private final Ledger ledger = new Ledger(Ledger.SMALL);
  private final List<Long> failoversMs = new ArrayList<>();
  private final List<Long> handoffsMs = new ArrayList<>();

  private ClusterTorture(BrokerFleet fleet, Set<Step> steps, int rounds, int partitions) {
    this.fleet = fleet;
    this.steps = steps;
    this.rounds = rounds;
    this.partitions = partitions;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = options(args);
    Path jar = Path.of(options.get("jar"));
    Path dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    Set<Step> steps = Step.named(options.getOrDefault("only", ""));
    int rounds = Integer.parseInt(options.getOrDefault("rounds", "1"));
    int partitions = Integer.parseInt(options.getOrDefault("partitions", "1000"));
    long limitMs = Long.parseLong(options.getOrDefault("limit-ms", "0"));
    // Whatever ends this program ends the brokers and clients it started, stopped ones included.
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
    endAfter(Long.parseLong(options.getOrDefault("seconds-max", "3600")));
    Map<String, String> environment = new HashMap<>();
    if (!options.getOrDefault("lease-ms", "default").equals("default")) {
      environment.put("BROKER_LEASE_MS", options.get("lease-ms"));
    }
    boolean passed;
    if (options.getOrDefault("store", "local").equals("s3")) {
      try (S3LoopbackServer s3 = S3LoopbackServer.onFolder(dir.resolve("s3"))) {
        environment.putAll(s3Environment(s3));
        BrokerFleet fleet = new BrokerFleet(jar, dir, environment, BROKERS);
        passed = new ClusterTorture(fleet, steps, rounds, partitions).run(limitMs);
      }
    } else {
      environment.put("DATA_PATH", dir.resolve("data").toString());
      BrokerFleet fleet = new BrokerFleet(jar, dir, environment, BROKERS);
      passed = new ClusterTorture(fleet, steps, rounds, partitions).run(limitMs);
    }
    System.exit(passed ? 0 : 1);
  }

  /** Whatever hangs, the program does not. */
  private static void endAfter(long seconds) {
    Thread bound =
        new Thread(
            () -> {
              try {
                TimeUnit.SECONDS.sleep(seconds);
              } catch (InterruptedException e) {
                return;
              }
              System.err.println("not done within " + seconds + " s");
              System.exit(1);
            },
            "time-bound");
    bound.setDaemon(true);
    bound.start();
  }

  private static Map<String, String> s3Environment(S3LoopbackServer s3) {
    return Map.of(
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
  }

  private boolean run(long limitMs) throws Exception {
    fleet.startAll(Map.of());
    createTopic();
    List<LoadProducer> producers = producers();
    for (LoadProducer producer : producers) {
      producer.start();
    }
    try (FailoverProbe probe = new FailoverProbe(fleet, partitions)) {
      for (int round = 0; round < rounds; round++) {
        for (Step step : Step.values()) {
          if (steps.contains(step)) {
            step.action.run(this, probe);
          }
        }
      }
    }
    awaitProgress("the end");
    for (LoadProducer producer : producers) {
      producer.finish();
    }
    List<String> anomalies = new ArrayList<>();
    anomalies.addAll(
        anomalies("Java", ReadBack.readAll(fleet.bootstrap(), TOPIC, producers.size())));
    anomalies.addAll(
        anomalies("kcat", ReadBack.readAllWithKcat(fleet.bootstrap(), TOPIC, producers.size())));
    fleet.terminateAll();
    for (long failoverMs : failoversMs) {
      if (limitMs > 0 && failoverMs > limitMs) {
        anomalies.add("a failover took " + failoverMs + " ms, allowed are " + limitMs);
      }
    }
    report(anomalies);
    return anomalies.isEmpty();
  }

  private List<String> anomalies(String reader, Map<Integer, TreeMap<Long, String>> read) {
    return ReadBack.anomalies(ledger, read).stream()
        .map(a -> "read by " + reader + ": " + a)
        .toList();
  }

  private List<LoadProducer> producers() {
    String b = fleet.bootstrap();
    return List.of(
        new JavaLoadProducer(b, TOPIC, ledger.open("java-1", 0, true), RECORDS_PER_SECOND),
        new JavaLoadProducer(b, TOPIC, ledger.open("java-2", 1, true), RECORDS_PER_SECOND),
        new JavaLoadProducer(b, TOPIC, ledger.open("java-3", 2, true), RECORDS_PER_SECOND),
        new KcatLoadProducer(b, TOPIC, ledger.open("kcat-idempotent", 3, true), RECORDS_PER_SECOND),
        new KcatLoadProducer(b, TOPIC, ledger.open("kcat-plain", 4, false), RECORDS_PER_SECOND),
        new JavaLoadProducer(b, TOPIC, ledger.open("java-plain", 5, false), RECORDS_PER_SECOND));
  }

  private void createTopic() throws Exception {
    try (Admin admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, fleet.bootstrap()))) {
      admin
          .createTopics(List.of(new NewTopic(TOPIC, 6, (short) 3)))
          .all()
          .get(60, TimeUnit.SECONDS);
    }
  }

  private void killEachInTurn(FailoverProbe probe) throws Exception {
    for (int broker = 0; broker < BROKERS; broker++) {
      failoversMs.add(probe.kill(broker, "broker " + broker));
      fleet.restartAndAwaitReady(broker);
      awaitProgress("kill -9 of broker " + broker);
    }
  }

  private void killTheRaftLeader(FailoverProbe probe) throws Exception {
    int leader = raftLeader();
    failoversMs.add(probe.kill(leader, "the Raft leader, broker " + leader));
    fleet.restartAndAwaitReady(leader);
    awaitProgress("kill -9 of the Raft leader");
  }

  /** Without a majority nothing is written; all of it goes on when the majority is back. */
  private void killTwoOfThree() throws Exception {
    fleet.get(0).kill9();
    fleet.get(1).kill9();
    TimeUnit.SECONDS.sleep(5);
    fleet.restart(0);
    fleet.restart(1);
    fleet.awaitReady(0, 0);
    fleet.awaitReady(1, 0);
    awaitProgress("kill -9 of two of three");
  }

  /** What was stopped goes on as a zombie, finds itself replaced and starts again by itself. */
  private void stopOnePastItsLease(FailoverProbe probe) throws Exception {
    int broker = probe.anyLeader();
    BrokerProcess zombie = fleet.get(broker);
    List<Integer> marks = fleet.marks();
    zombie.signal("STOP");
    // Producers that wait for nothing from this broker go on at once: their progress says nothing.
    fleet.awaitElsewhere(broker, marks, FailoverProbe.PLACED);
    awaitProgress("SIGSTOP of broker " + broker);
    zombie.signal("CONT");
    fleet.awaitReady(broker, marks.get(broker));
    awaitProgress("SIGCONT of broker " + broker);
  }

  private void rollingRestart() throws Exception {
    for (int broker = 0; broker < BROKERS; broker++) {
      ledger.accounts().forEach(Ledger.Account::takeLongestPauseMs);
      BrokerProcess stopped = fleet.get(broker);
      int status = stopped.terminate();
      if (status != 0) {
        throw new IllegalStateException("exit status after SIGTERM: " + status);
      }
      awaitProgress("SIGTERM of broker " + broker);
      Map<String, Long> pausesMs = new LinkedHashMap<>();
      ledger
          .accounts()
          .forEach(account -> pausesMs.put(account.producer, account.takeLongestPauseMs()));
      System.out.printf(
          "  %s%n  longest pauses while broker %d stopped, ms: %s%n",
          stopped.lines(line -> line.contains("handed over")), broker, pausesMs);
      handoffsMs.add(Collections.max(pausesMs.values()));
      fleet.restartAndAwaitReady(broker);
      awaitProgress("restart of broker " + broker);
    }
  }

  private int raftLeader() throws Exception {
    for (int broker = 0; broker < BROKERS; broker++) {
      if (fleet.leadsRaft(broker)) {
        return broker;
      }
    }
    throw new IllegalStateException("no broker says that it leads the metadata group");
  }

  /** Every producer is acknowledged something new. */
  private void awaitProgress(String after) throws InterruptedException {
    Map<Ledger.Account, Integer> before = new LinkedHashMap<>();
    ledger.accounts().forEach(account -> before.put(account, account.acks().size()));
    long begun = System.nanoTime();
    while (before.entrySet().stream().anyMatch(e -> e.getKey().acks().size() <= e.getValue())) {
      if (System.nanoTime() - begun > TimeUnit.SECONDS.toNanos(60)) {
        throw new IllegalStateException("a producer is stuck after " + after);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    System.out.printf(
        "%s: all producers go on; %d records acknowledged so far%n", after, ledger.ackCount());
  }

  private void report(List<String> anomalies) {
    System.out.printf(
        "failovers at %d partitions, ms: %s; pauses at stops, ms: %s; records acknowledged %d%n",
        partitions, failoversMs, handoffsMs, ledger.ackCount());
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
          "usage: ClusterTorture --jar JAR --store local|s3 --dir DIR [--only STEP,...]"
              + " [--rounds N] [--partitions N] [--lease-ms MS] [--limit-ms MS] [--seconds-max S]");
      System.exit(2);
    }
    return options;
  }
}
