package io.sediment.cluster.torture;

import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Broker processes that form one cluster; all of them vote. Broker {@code i} is at index i. */
final class BrokerFleet {
  private static final long READY_TIMEOUT_MS = 120_000;
  private static final long TAKEOVER_TIMEOUT_MS = 60_000;
  private static final Predicate<String> READY = line -> line.contains("Sediment is ready");

  private final Path jar;
  private final Path dir;
  private final Map<String, String> common;
  private final List<Map<String, String>> environments = new ArrayList<>();
  private final List<Integer> ports = new ArrayList<>();
  private final RaftNetwork network;
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<BrokerProcess> processes = new ArrayList<>();

  BrokerFleet(Path jar, Path dir, Map<String, String> storeEnvironment, int size)
      throws IOException {
    this.jar = jar;
    this.dir = dir;
    this.common = new HashMap<>(storeEnvironment);
    FreePorts free = new FreePorts();
    network = new RaftNetwork(size, free);
    common.put("RAFT_PEERS", network.peers());
    for (int i = 0; i < size; i++) {
      LoopbackSettings own =
          new LoopbackSettings(free)
              .with("BROKER_ID", i)
              .with("RAFT_LISTEN_ADDR", network.listenAddress(i))
              .with("RAFT_PATH", raftPath(i));
      ports.add(own.port());
      environments.add(own.environment());
      network.writeHosts(i, hosts(i));
    }
  }

  private Path raftPath(int broker) {
    return dir.resolve("raft-" + broker);
  }

  private Path hosts(int broker) {
    return dir.resolve("hosts-" + broker);
  }

  /** Between the brokers; clients and store are reached without it. */
  RaftNetwork network() {
    return network;
  }

  int port(int broker) {
    return ports.get(broker);
  }

  Path log(int broker) {
    return dir.resolve("broker-" + broker + ".log");
  }

  int size() {
    return ports.size();
  }

  BrokerProcess get(int broker) {
    return processes.get(broker);
  }

  String bootstrap() {
    return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
  }

  /** Starts all of them and waits until each serves. */
  void startAll(Map<String, String> more) throws Exception {
    processes.clear();
    for (int i = 0; i < size(); i++) {
      processes.add(launch(i, more));
    }
    for (int i = 0; i < size(); i++) {
      awaitReady(i, 0);
    }
  }

  /** Starts one that has ended; does not wait. */
  void restart(int broker) throws IOException {
    processes.set(broker, launch(broker, Map.of()));
  }

  /** The disk of one that has ended is lost. */
  void wipe(int broker) throws IOException {
    try (Stream<Path> all = Files.walk(raftPath(broker))) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  void restartAndAwaitReady(int broker) throws Exception {
    restart(broker);
    awaitReady(broker, 0);
  }

  void awaitReady(int broker, int mark) throws InterruptedException {
    if (!get(broker).awaitLine(mark, READY, READY_TIMEOUT_MS)) {
      throw new IllegalStateException(
          "broker " + broker + " was not ready:\n" + get(broker).lastLines(30));
    }
  }

  /** Number of lines that each has printed so far. */
  List<Integer> marks() {
    return processes.stream().map(BrokerProcess::mark).toList();
  }

  /** Waits until a broker other than {@code except} prints such a line behind its mark. */
  void awaitElsewhere(int except, List<Integer> marks, Predicate<String> wanted)
      throws InterruptedException {
    long begun = System.nanoTime();
    while (IntStream.range(0, size())
        .noneMatch(i -> i != except && get(i).nanosOf(marks.get(i), wanted).isPresent())) {
      if (System.nanoTime() - begun > TimeUnit.MILLISECONDS.toNanos(TAKEOVER_TIMEOUT_MS)) {
        throw new IllegalStateException("nobody took over from broker " + except);
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }

  private BrokerProcess launch(int broker, Map<String, String> more) throws IOException {
    Map<String, String> environment = new HashMap<>(common);
    environment.putAll(environments.get(broker));
    environment.putAll(more);
    return BrokerProcess.start(jar, jvmOptions(broker), environment, log(broker));
  }

  /** As {@code scripts/run-broker.sh} has them, in less memory. */
  private List<String> jvmOptions(int broker) {
    List<String> options = new ArrayList<>();
    options.add("@scripts/lib/jvm-options");
    options.addAll(
        List.of(
            "-Xmx256m",
            "-XX:MaxDirectMemorySize=256m",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djdk.net.hosts.file=" + hosts(broker)));
    Path archive = Path.of(jar.toString().replaceFirst("\\.jar$", ".jsa"));
    if (Files.exists(archive)) {
      options.addAll(
          List.of("-XX:SharedArchiveFile=" + archive, "-Xlog:cds=off", "-Xlog:cds+dynamic=off"));
    }
    return options;
  }

  /** Whether a broker leads the metadata group, by its own metrics. */
  boolean leadsRaft(int broker) throws IOException, InterruptedException {
    URI metrics =
        URI.create("http://127.0.0.1:" + environments.get(broker).get("HTTP_PORT") + "/metrics");
    return http.send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString())
        .body()
        .lines()
        .anyMatch(line -> line.startsWith("sediment_metadata_leader ") && line.endsWith(" 1.0"));
  }

  void terminateAll() throws IOException, InterruptedException {
    for (int i = 0; i < size(); i++) {
      int status = get(i).terminate();
      if (status != 0) {
        throw new IllegalStateException("broker " + i + ": exit status after SIGTERM: " + status);
      }
    }
  }
}
