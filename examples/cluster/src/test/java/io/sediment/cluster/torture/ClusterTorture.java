package io.sediment.cluster.torture;

import io.sediment.objectstore.s3.AnswerDelay;
import io.sediment.objectstore.s3.FaultProxy;
import io.sediment.objectstore.s3.ProxyFault;
import io.sediment.objectstore.s3.S3LoopbackServer;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Producers write to three brokers while these are killed, stopped and restarted; then every
 * acknowledged record is read back by two clients.
 *
 * <p>{@code ClusterTorture --jar JAR --store local|s3|slow-s3 --dir DIR [--only STEP,…] [--rounds
 * N] [--partitions N] [--lease-ms MS] [--limit-ms MS] [--warm-seconds S] [--records-per-second N]
 * [--seconds-max S]}. Exit status 0 when nothing was lost, moved, reordered or (where the producer
 * is idempotent) doubled, no failover took longer than the limit, and all of it was done in time.
 */
public final class ClusterTorture {
  private static final String TOPIC = "torture";
  private static final int BROKERS = 3;

  /** The last step, after which the cluster is another one. */
  private static final String REBIRTH = "rebirth";

  private static final long END_TIMEOUT_MS = 60_000;

  /** What happens to the brokers in a round, in this order. */
  private enum Step {
    KILLS(ClusterTorture::killEachInTurn),
    RAFT_LEADER(ClusterTorture::killTheRaftLeader),
    TWO_OF_THREE((torture, probe) -> torture.killTwoOfThree()),
    ZOMBIE(ClusterTorture::stopOnePastItsLease),
    CUT(ClusterTorture::cutTheRaftLeaderOff),
    HALF_CUT(ClusterTorture::cutConnectionsToOne),
    ROLLING(ClusterTorture::rollingRestart),
    WIPED((torture, probe) -> torture.wipeOneDisk());

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
     * @param names empty for all
     */
    static Set<Step> named(List<String> names) {
      Set<Step> steps = EnumSet.noneOf(Step.class);
      for (String name : names) {
        if (!name.equals(REBIRTH)) {
          steps.add(valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_')));
        }
      }
      return names.isEmpty() ? EnumSet.allOf(Step.class) : steps;
    }
  }

  private final Path jar;
  private final Path dir;
  private final Map<String, String> environment;
  private final BrokerFleet fleet;
  private final Set<Step> steps;
  private final boolean isReborn;
  private final int rounds;
  private final int partitions;
  private final long warmSeconds;
  private final int recordsPerSecond; // of each producer
  private final Ledger ledger = new Ledger(Ledger.SMALL);
  private final List<Long> failoversMs = new ArrayList<>();
  private final Map<String, List<Long>> handoffsMs = new TreeMap<>(); // by client

  private ClusterTorture(
      Path jar,
      Path dir,
      Map<String, String> environment,
      List<String> only,
      int rounds,
      int partitions,
      long warmSeconds,
      int recordsPerSecond)
      throws IOException {
    this.jar = jar;
    this.dir = dir;
    this.environment = environment;
    this.fleet = new BrokerFleet(jar, dir, environment, BROKERS);
    this.steps = Step.named(only);
    this.isReborn = only.isEmpty() || only.contains(REBIRTH);
    this.rounds = rounds;
    this.partitions = partitions;
    this.warmSeconds = warmSeconds;
    this.recordsPerSecond = recordsPerSecond;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = options(args);
    Path jar = Path.of(options.get("jar"));
    Path dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    List<String> only =
        Stream.of(options.getOrDefault("only", "").split(",")).filter(n -> !n.isEmpty()).toList();
    int rounds = Integer.parseInt(options.getOrDefault("rounds", "1"));
    int partitions = Integer.parseInt(options.getOrDefault("partitions", "1000"));
    long warmSeconds = Long.parseLong(options.getOrDefault("warm-seconds", "0"));
    int recordsPerSecond = Integer.parseInt(options.getOrDefault("records-per-second", "100"));
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
    try (Store store = Store.start(options.getOrDefault("store", "local"), dir)) {
      environment.putAll(store.environment);
      passed =
          new ClusterTorture(
                  jar, dir, environment, only, rounds, partitions, warmSeconds, recordsPerSecond)
              .run(limitMs);
    }
    System.exit(passed ? 0 : 1);
  }

  /** Where the records go, and what brokers have to know to find it. */
  private record Store(Map<String, String> environment, List<AutoCloseable> servers)
      implements AutoCloseable {
    private static final long DELAYS_SEED = 1;

    /**
     * @param kind "local", "s3", or "slow-s3", which takes as long to answer as S3 Standard
     */
    static Store start(String kind, Path dir) throws IOException {
      if (kind.equals("local")) {
        return new Store(Map.of("DATA_PATH", dir.resolve("data").toString()), List.of());
      }
      S3LoopbackServer s3 = S3LoopbackServer.onFolder(dir.resolve("s3"));
      if (kind.equals("s3")) {
        return new Store(s3Environment(s3.endpoint()), List.of(s3));
      }
      FaultProxy slow =
          FaultProxy.start(
              s3.endpoint(),
              (method, target) -> ProxyFault.NONE,
              AnswerDelay.likeS3Standard(DELAYS_SEED));
      return new Store(s3Environment(slow.endpoint()), List.of(slow, s3));
    }

    @Override
    public void close() throws Exception {
      for (AutoCloseable server : servers) {
        server.close();
      }
    }
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

  private static Map<String, String> s3Environment(URI endpoint) {
    return Map.of(
        "OBJECT_STORE_TYPE",
        "s3",
        "S3_BUCKET",
        S3LoopbackServer.BUCKET,
        "S3_ENDPOINT",
        endpoint.toString(),
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
    awaitProgress("the start");
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
    List<String> anomalies = new ArrayList<>(readBack(fleet));
    if (isReborn) {
      anomalies.addAll(rebirth());
    } else {
      fleet.terminateAll();
    }
    for (long failoverMs : failoversMs) {
      if (limitMs > 0 && failoverMs > limitMs) {
        anomalies.add("a failover took " + failoverMs + " ms, allowed are " + limitMs);
      }
    }
    report(anomalies);
    return anomalies.isEmpty();
  }

  private List<String> readBack(BrokerFleet brokers) throws Exception {
    String bootstrap = brokers.bootstrap();
    int count = ledger.accounts().size();
    List<String> anomalies = new ArrayList<>();
    anomalies.addAll(anomalies("Java", ReadBack.readAll(bootstrap, TOPIC, count)));
    anomalies.addAll(anomalies("kcat", ReadBack.readAllWithKcat(bootstrap, TOPIC, count)));
    return anomalies;
  }

  private List<String> anomalies(String reader, Map<Integer, TreeMap<Long, String>> read) {
    return ReadBack.anomalies(ledger, read).stream()
        .map(a -> "read by " + reader + ": " + a)
        .toList();
  }

  private List<LoadProducer> producers() {
    String b = fleet.bootstrap();
    return List.of(
        new JavaLoadProducer(b, TOPIC, ledger.open("java-1", 0, true), recordsPerSecond),
        new JavaLoadProducer(b, TOPIC, ledger.open("java-2", 1, true), recordsPerSecond),
        new JavaLoadProducer(b, TOPIC, ledger.open("java-3", 2, true), recordsPerSecond),
        new KcatLoadProducer(b, TOPIC, ledger.open("kcat-idempotent", 3, true), recordsPerSecond),
        new KcatLoadProducer(b, TOPIC, ledger.open("kcat-plain", 4, false), recordsPerSecond),
        new JavaLoadProducer(b, TOPIC, ledger.open("java-plain", 5, false), recordsPerSecond));
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

  /** It reaches its clients and the store, and neither of its peers, nor they it. */
  private void cutTheRaftLeaderOff(FailoverProbe probe) throws Exception {
    int broker = raftLeader();
    cutOff(broker, "the Raft leader", probe, () -> fleet.network().cutOff(broker));
  }

  /** It reaches its peers, and they do not reach it, as behind a firewall that was set up wrong. */
  private void cutConnectionsToOne(FailoverProbe probe) throws Exception {
    int broker = (raftLeader() + 1) % BROKERS;
    cutOff(broker, "a follower", probe, () -> fleet.network().cutConnectionsTo(broker));
  }

  /** It sends its clients away, the others take over, and it comes back when it is healed. */
  private void cutOff(int broker, String what, FailoverProbe probe, Runnable cut) throws Exception {
    probe.haveLead(broker);
    List<Integer> marks = fleet.marks();
    String name = what + ", broker " + broker + ", cut off from its peers,";
    try (Socket client = new Socket("127.0.0.1", fleet.port(broker))) {
      failoversMs.add(
          probe.failover(
              broker,
              name,
              () -> {
                long begun = System.nanoTime();
                cut.run();
                awaitClosed(client, broker);
                System.out.printf("cut off, sent its clients away after %d ms%n", msSince(begun));
              }));
    }
    awaitProgress("the cut of broker " + broker);
    if (!fleet.get(broker).isAlive()) {
      throw new IllegalStateException("broker " + broker + " ended where it was cut off");
    }
    long healed = System.nanoTime();
    fleet.network().heal();
    fleet.awaitReady(broker, marks.get(broker));
    System.out.printf("  serves again %d ms after it healed%n", msSince(healed));
    awaitProgress("the return of broker " + broker);
  }

  private static void awaitClosed(Socket client, int broker) throws IOException {
    client.setSoTimeout((int) END_TIMEOUT_MS);
    try {
      if (client.getInputStream().read() >= 0) {
        throw new IllegalStateException("broker " + broker + " says something unasked");
      }
    } catch (SocketException reset) {
      // That, too.
    }
  }

  private static long msSince(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
  }

  /** Prints and books the pauses of those producers whose partition was handed over. */
  private void rollingRestart(FailoverProbe probe) throws Exception {
    for (int broker = 0; broker < BROKERS; broker++) {
      TimeUnit.SECONDS.sleep(warmSeconds);
      List<Integer> led = probe.ledBy(broker, TOPIC);
      takeLongestPausesMs(led);
      TimeUnit.SECONDS.sleep(2); // what they see when nothing happens is no pause of the stop's
      Map<String, Long> before = takeLongestPausesMs(led);
      BrokerProcess stopped = fleet.get(broker);
      int status = stopped.terminate();
      if (status != 0) {
        throw new IllegalStateException("exit status after SIGTERM: " + status);
      }
      awaitProgress("SIGTERM of broker " + broker);
      Map<String, Long> pausesMs = takeLongestPausesMs(led);
      System.out.printf(
          "  %s%n  longest pauses while broker %d stopped, of whom it led, ms: %s; in 2 s before: %s%n",
          stopped.lines(line -> line.contains("handed over")), broker, pausesMs, before);
      pausesMs.forEach(
          (producer, ms) ->
              handoffsMs.computeIfAbsent(producer.split("-")[0], any -> new ArrayList<>()).add(ms));
      fleet.restartAndAwaitReady(broker);
      awaitProgress("restart of broker " + broker);
    }
  }

  /** Since they were taken last, of each producer to one of these partitions. */
  private Map<String, Long> takeLongestPausesMs(List<Integer> of) {
    Map<String, Long> pausesMs = new LinkedHashMap<>();
    for (Ledger.Account account : ledger.accounts()) {
      long pauseMs = account.takeLongestPauseMs();
      if (of.contains(account.partition)) {
        pausesMs.put(account.producer, pauseMs);
      }
    }
    return pausesMs;
  }

  /** A voter comes back without its disk, and the cluster goes on without another one. */
  private void wipeOneDisk() throws Exception {
    int wiped = raftLeader();
    fleet.get(wiped).kill9();
    fleet.wipe(wiped);
    fleet.restartAndAwaitReady(wiped);
    awaitProgress("the loss of the disk of broker " + wiped);
    int other = (wiped + 1) % BROKERS;
    fleet.get(other).kill9();
    awaitProgress("kill -9 of broker " + other + " after that");
    fleet.restartAndAwaitReady(other);
  }

  /**
   * Three brokers that have nothing but the bucket recover it, while those that wrote to it are
   * still alive; answers what is not as it was.
   */
  private List<String> rebirth() throws Exception {
    ClusterState.leaveTraces(fleet.bootstrap(), TOPIC, ledger.accounts().size());
    ClusterState before = ClusterState.of(fleet.bootstrap());
    List<String> anomalies =
        new ArrayList<>(FsckProcess.anomalies(jar, environment, "before the rebirth"));
    BrokerFleet reborn =
        new BrokerFleet(jar, Files.createDirectories(dir.resolve("reborn")), environment, BROKERS);
    long begun = System.nanoTime();
    reborn.startAll(Map.of("RECOVER_FROM_BUCKET", "true"));
    System.out.printf("reborn after %d ms%n", msSince(begun));
    for (int broker = 0; broker < BROKERS; broker++) {
      BrokerProcess old = fleet.get(broker);
      OptionalInt status = old.awaitExit(END_TIMEOUT_MS);
      List<String> why = old.lines(line -> line.contains("taken over"));
      System.out.printf("  broker %d of before: exit status %s, %s%n", broker, status, why);
      if (!status.equals(OptionalInt.of(3)) || why.isEmpty()) {
        anomalies.add("broker " + broker + " of before: " + status + "\n" + old.lastLines(5));
      }
    }
    ClusterState after = ClusterState.of(reborn.bootstrap());
    if (!after.equals(before)) {
      anomalies.add("before the rebirth " + before + ", after it " + after);
    }
    anomalies.addAll(readBack(reborn));
    anomalies.addAll(FsckProcess.anomalies(jar, environment, "after the rebirth"));
    reborn.terminateAll();
    return anomalies;
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
        List<String> stuck =
            before.keySet().stream()
                .filter(account -> account.acks().size() <= before.get(account))
                .map(account -> account.producer)
                .toList();
        throw new IllegalStateException(stuck + " are stuck after " + after);
      }
      TimeUnit.MILLISECONDS.sleep(50);
    }
    System.out.printf(
        "%s: all producers go on; %d records acknowledged so far%n", after, ledger.ackCount());
  }

  private void report(List<String> anomalies) {
    System.out.printf(
        "failovers at %d partitions, ms: %s; records acknowledged %d%n",
        partitions, failoversMs, ledger.ackCount());
    handoffsMs.forEach(
        (client, pausesMs) -> {
          List<Long> sorted = pausesMs.stream().sorted().toList();
          System.out.printf(
              "pauses of %s's producers at stops, ms: median %d, longest %d, of %d%n",
              client, sorted.get(sorted.size() / 2), sorted.get(sorted.size() - 1), sorted.size());
        });
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
              + " [--rounds N] [--partitions N] [--lease-ms MS] [--limit-ms MS] [--warm-seconds S]"
              + " [--records-per-second N] [--seconds-max S]");
      System.exit(2);
    }
    return options;
  }
}
