package io.sediment.cluster.bench;

import io.sediment.cluster.bench.ComparisonTable.Server;
import io.sediment.runtime.FreePorts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;

/**
 * Groups that commit steadily, on Sediment and on Apache Kafka in turn, the order alternating from
 * round to round. The load is {@link CommitLoad} in this process, the same for both.
 */
public final class BenchGroups {
  private static final String TOPIC = "committed";

  private final FreePorts ports = new FreePorts();
  private final ComparisonTable table = new ComparisonTable();
  private final Map<String, String> options;
  private final Path dir;

  private BenchGroups(Map<String, String> options, Path dir) {
    this.options = options;
    this.dir = dir;
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    }
    Path dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    new BenchGroups(options, dir).run();
  }

  private void run() throws Exception {
    int rounds = number("rounds", 3);
    for (int round = 0; round < rounds; round++) {
      for (Server server : Server.orderOf(round)) {
        if (options.getOrDefault("only", server.name()).equalsIgnoreCase(server.name())) {
          System.out.printf("round %d of %d: %s%n", round + 1, rounds, server);
          measure(server);
        }
      }
    }
    table.print();
  }

  private void measure(Server server) throws Exception {
    Path home = dir.resolve("groups-" + server.name().toLowerCase(Locale.ROOT));
    Folders.delete(home);
    Files.createDirectories(home);
    String heap = options.getOrDefault("heap", "1g");
    try {
      if (server == Server.SEDIMENT) {
        Path log = dir.resolve("sediment.log");
        SedimentServer ours =
            new SedimentServer(
                Path.of(options.get("jar")), home, log, List.of("-Xmx" + heap), ports);
        measure(server, ours.start(), ours.bootstrap(), ours::puts);
      } else {
        KafkaServer theirs =
            new KafkaServer(options.get("kafka-class-path"), home, dir, heap, ports);
        measure(server, theirs.start(), theirs.bootstrap(), () -> Double.NaN);
      }
    } finally {
      Folders.delete(home);
    }
  }

  /** Requests to the store so far that wrote something. */
  @FunctionalInterface
  private interface Puts {
    double count() throws Exception;
  }

  private void measure(Server server, ServerProcess process, String bootstrap, Puts puts)
      throws Exception {
    int groups = number("groups", 1000);
    int perGroup = number("commits", 10);
    int seconds = number("seconds", 30);
    try {
      new ProducerLoad(options.get("kafka-class-path"), dir).createTopic(bootstrap, TOPIC, 1);
      awaitCoordinator(bootstrap);
      try (CommitLoad load = new CommitLoad(bootstrap, TOPIC, 1, groups)) {
        load.join();
        load.run(perGroup, number("warm-seconds", 20));
        double cpu = process.cpuSeconds();
        double putsBefore = puts.count();
        CommitLoad.Result result = load.run(perGroup, seconds);
        double putsAfter = puts.count();
        cpu = process.cpuSeconds() - cpu;
        table.note(server, "commits answered per second", result.perSecond());
        table.note(server, "commits refused", result.refused());
        table.note(server, "commit p50, ms", result.millis(0.5));
        table.note(server, "commit p99, ms", result.millis(0.99));
        table.note(server, "CPU, % of a core", cpu / seconds * 100);
        if (server == Server.SEDIMENT) {
          table.note(server, "PUTs per second", (putsAfter - putsBefore) / seconds);
        }
        table.note(server, "resident MB", process.residentMb(false));
      }
    } finally {
      process.stop();
    }
  }

  /** The first one that looks for a coordinator has the internal topic created. */
  private static void awaitCoordinator(String bootstrap) throws Exception {
    try (Admin admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap))) {
      admin
          .listConsumerGroupOffsets("group-0")
          .partitionsToOffsetAndMetadata()
          .get(60, TimeUnit.SECONDS);
    }
  }

  private int number(String name, int byDefault) {
    return Integer.parseInt(options.getOrDefault(name, Integer.toString(byDefault)));
  }
}
