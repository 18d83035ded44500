package io.sediment.cluster;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.FreePorts;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Three brokers in this process, all of which vote, over one local bucket. */
final class InProcessCluster implements AutoCloseable {
  static final int SIZE = 3;

  private final Path folder;
  private final List<Integer> ports = new ArrayList<>();
  private final List<Integer> httpPorts = new ArrayList<>();
  private final List<Map<String, String>> environments = new ArrayList<>();
  private final Map<Integer, Broker> running = new TreeMap<>();
  private final ExecutorService starters = Executors.newFixedThreadPool(SIZE);

  /** Starts all of them, and returns when each serves. */
  InProcessCluster(Path folder) {
    this(folder, broker -> Map.of());
  }

  /**
   * @param more settings of each broker
   */
  InProcessCluster(Path folder, IntFunction<Map<String, String>> more) {
    this.folder = folder;
    FreePorts free = new FreePorts();
    List<LoopbackSettings> settings =
        Stream.generate(() -> new LoopbackSettings(free)).limit(SIZE).toList();
    String peers =
        IntStream.range(0, SIZE)
            .mapToObj(i -> i + "=" + settings.get(i).raftAddress())
            .collect(Collectors.joining(","));
    for (int i = 0; i < SIZE; i++) {
      ports.add(settings.get(i).port());
      httpPorts.add(settings.get(i).httpPort());
      environments.add(
          settings
              .get(i)
              .with("BROKER_ID", i)
              .with("RAFT_PEERS", peers)
              .with("RAFT_PATH", folder.resolve("raft-" + i))
              .with("DATA_PATH", folder.resolve("data"))
              .with(more.apply(i))
              .environment());
    }
    List<CompletableFuture<Broker>> starting = new ArrayList<>();
    for (int i = 0; i < SIZE; i++) {
      int broker = i;
      starting.add(CompletableFuture.supplyAsync(() -> launch(broker), starters));
    }
    for (int i = 0; i < SIZE; i++) {
      running.put(i, starting.get(i).join());
    }
  }

  private Broker launch(int broker) {
    while (true) {
      try {
        return Broker.start(BrokerSettings.from(environments.get(broker)));
      } catch (LaneLostException e) {
        continue; // as the process does
      } catch (Exception e) {
        throw new CompletionException("broker " + broker, e);
      }
    }
  }

  /** The settings of a broker. */
  Map<String, String> environment(int broker) {
    return environments.get(broker);
  }

  Path bucket() {
    return folder.resolve("data");
  }

  String bootstrap() {
    return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
  }

  int port(int broker) {
    return ports.get(broker);
  }

  /** The sum over the brokers that run of what their {@code /metrics} say under this name. */
  double metric(String name) throws Exception {
    double sum = 0;
    for (int broker : running.keySet()) {
      URI metrics = URI.create("http://127.0.0.1:" + httpPorts.get(broker) + "/metrics");
      sum +=
          HttpClient.newHttpClient()
              .send(HttpRequest.newBuilder(metrics).build(), BodyHandlers.ofString())
              .body()
              .lines()
              .filter(line -> line.startsWith(name + " "))
              .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
              .reduce(Double::sum)
              .orElseThrow();
    }
    return sum;
  }

  /** As SIGTERM does. */
  void stop(int broker) {
    running.remove(broker).close();
  }

  void start(int broker) {
    running.put(broker, launch(broker));
  }

  @Override
  public void close() {
    for (Broker broker : running.values()) {
      broker.close();
    }
    starters.shutdown();
  }
}
