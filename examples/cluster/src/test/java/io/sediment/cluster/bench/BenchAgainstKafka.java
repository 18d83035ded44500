package io.sediment.cluster.bench;

import io.sediment.cluster.bench.ComparisonTable.Server;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Runs Sediment and Apache Kafka in turn, the order alternating from round to round, and prints one
 * table. Producers are Kafka's own ProducerPerformance, the consumer is {@link AssignedConsumer},
 * latency is what Kafka's own EndToEndLatency says and, finer, {@link RoundTrips}; 1 KB
 * half-compressible records, acks=all, idempotent.
 */
public final class BenchAgainstKafka {
  private static final int REST_SECONDS =
      11; // more than from one look of the compactor to the next
  private static final double REST_LOAD = 0.1; // of a core
  private static final int REST_LOOKS_MAX = 20;
  private static final Pattern END_TO_END =
      Pattern.compile(
          "Avg latency: ([0-9.]+) ms.*Percentiles: 50th = ([0-9]+), 99th = ([0-9]+)",
          Pattern.DOTALL);

  private final FreePorts ports = new FreePorts();
  private final Map<String, String> options;
  private final Path dir;
  private final String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private final ProducerLoad load;
  private final ComparisonTable table = new ComparisonTable();

  private BenchAgainstKafka(Map<String, String> options) throws IOException {
    this.options = options;
    this.dir = Files.createDirectories(Path.of(options.get("dir"))).toAbsolutePath();
    this.load = new ProducerLoad(options.get("kafka-class-path"), dir);
  }

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new LinkedHashMap<>();
    for (int i = 0; i + 1 < args.length; i += 2) {
      options.put(args[i].replaceFirst("^--", ""), args[i + 1]);
    }
    new BenchAgainstKafka(options).run();
  }

  private void run() throws Exception {
    int rounds = number("rounds", 3);
    for (int round = 0; round < rounds; round++) {
      for (Server server : Server.orderOf(round)) {
        System.out.printf("round %d of %d: %s%n", round + 1, rounds, server);
        measure(server, round == rounds - 1);
      }
    }
    table.print();
  }

  private void measure(Server server, boolean lastRound) throws Exception {
    Path home = dir.resolve(server.name().toLowerCase(Locale.ROOT));
    Folders.delete(home);
    Files.createDirectories(home);
    ServerProcess process;
    String bootstrap;
    if (server == Server.SEDIMENT) {
      SedimentServer ours =
          new SedimentServer(
              Path.of(options.get("jar")),
              home,
              dir.resolve("sediment.log"),
              List.of("-Xmx" + heap()),
              ports);
      bootstrap = ours.bootstrap();
      process = ours.start();
    } else {
      KafkaServer theirs =
          new KafkaServer(options.get("kafka-class-path"), home, dir, heap(), ports);
      bootstrap = theirs.bootstrap();
      process = theirs.start();
    }
    try {
      load.createTopic(bootstrap, "warm", 8);
      load.produce(bootstrap, "warm", number("warm-mb", 2048), 1, 16384, ProducerLoad.UNLIMITED);
      read(bootstrap, "warm");
      for (int partitions : numbers("partitions", "8,1000")) {
        for (int producers : numbers("producers", "1,4")) {
          for (int batchSize : numbers("batch-sizes", "16384,262144")) {
            measureTopic(server, process, bootstrap, partitions, producers, batchSize);
          }
        }
      }
      latency(server, bootstrap);
      endToEndLatency(server, bootstrap);
      note(server, "resident MB, at the end", process.residentMb(false));
      note(server, "resident MB, peak", process.residentMb(true));
      if (lastRound) {
        idle(server, process);
      }
    } finally {
      process.stop();
      Folders.delete(home);
    }
  }

  private void measureTopic(
      Server server,
      ServerProcess process,
      String bootstrap,
      int partitions,
      int producers,
      int batchSize)
      throws Exception {
    String topic = "p" + partitions + "-w" + producers + "-b" + batchSize;
    String what =
        "%d partitions, %d producers, batch.size %d: ".formatted(partitions, producers, batchSize);
    load.createTopic(bootstrap, topic, partitions);
    int megabytes = number("measure-mb", 1024);
    double cpuBefore = process.cpuSeconds();
    double rate =
        load.produce(bootstrap, topic, megabytes, producers, batchSize, ProducerLoad.UNLIMITED);
    note(server, what + "produce MB/s", rate);
    // Flushing and merging what was produced is a part of producing it, not of reading it.
    double cpuAfterProduce = cpuSecondsAtRest(process);
    note(server, what + "produce CPU s/GB", (cpuAfterProduce - cpuBefore) * 1024 / megabytes);
    String[] bytesAndSeconds = read(bootstrap, topic);
    double readMb = Long.parseLong(bytesAndSeconds[0]) / 1048576.0;
    note(server, what + "read MB/s", readMb / Double.parseDouble(bytesAndSeconds[1]));
    note(server, what + "read CPU s/GB", (process.cpuSeconds() - cpuAfterProduce) * 1024 / readMb);
  }

  /** Waits until the process has hardly worked for a while. */
  private static double cpuSecondsAtRest(ServerProcess process) throws Exception {
    double before = process.cpuSeconds();
    for (int i = 0; i < REST_LOOKS_MAX; i++) {
      TimeUnit.SECONDS.sleep(REST_SECONDS);
      double now = process.cpuSeconds();
      if (now - before < REST_LOAD * REST_SECONDS) {
        return now;
      }
      before = now;
    }
    throw new IllegalStateException(
        "not at rest within %d s".formatted(REST_SECONDS * REST_LOOKS_MAX));
  }

  /** Reads all of a topic; bytes and seconds. */
  private String[] read(String bootstrap, String topic) throws Exception {
    return lastLine(
            runClient(List.of("io.sediment.cluster.bench.AssignedConsumer", bootstrap, topic)))
        .split(" ");
  }

  private void latency(Server server, String bootstrap) throws Exception {
    load.createTopic(bootstrap, "latency", 1);
    String[] percentiles =
        lastLine(
                runClient(
                    List.of(
                        "io.sediment.cluster.bench.RoundTrips",
                        bootstrap,
                        "latency",
                        Integer.toString(number("latency-records", 2000)),
                        Integer.toString(ProducerLoad.RECORD_BYTES))))
            .split(" ");
    note(
        server,
        "one record at a time, produced and consumed: p50 ms",
        Double.parseDouble(percentiles[0]));
    note(
        server,
        "one record at a time, produced and consumed: p99 ms",
        Double.parseDouble(percentiles[1]));
  }

  private void endToEndLatency(Server server, String bootstrap) throws Exception {
    load.createTopic(bootstrap, "end-to-end", 1);
    int records = number("latency-records", 2000);
    runEndToEndLatency(bootstrap, records / 2); // warms up
    String output = runEndToEndLatency(bootstrap, records);
    Matcher figures = END_TO_END.matcher(output);
    if (!figures.find()) {
      throw new IllegalStateException("EndToEndLatency said: " + output);
    }
    note(server, "EndToEndLatency: average ms", Double.parseDouble(figures.group(1)));
    note(server, "EndToEndLatency: p50 ms", Double.parseDouble(figures.group(2)));
    note(server, "EndToEndLatency: p99 ms", Double.parseDouble(figures.group(3)));
  }

  private String runEndToEndLatency(String bootstrap, int records) throws Exception {
    return run(
        options.get("kafka-class-path"),
        List.of(
            "org.apache.kafka.tools.EndToEndLatency",
            "--bootstrap-server",
            bootstrap,
            "--topic",
            "end-to-end",
            "--num-records",
            Integer.toString(records),
            "--producer-acks",
            "all",
            "--record-size",
            Integer.toString(ProducerLoad.RECORD_BYTES)));
  }

  private void idle(Server server, ServerProcess process) throws Exception {
    TimeUnit.SECONDS.sleep(number("settle-seconds", 120)); // flushes and merges what is left
    double before = process.cpuSeconds();
    int seconds = number("idle-seconds", 20);
    TimeUnit.SECONDS.sleep(seconds);
    note(server, "idle: % of a core", (process.cpuSeconds() - before) / seconds * 100);
  }

  private String runClient(List<String> mainAndArguments) throws Exception {
    return run(System.getProperty("java.class.path"), mainAndArguments);
  }

  private String run(String classPath, List<String> mainAndArguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(java, "-Xmx512m", "-cp", classPath));
    command.addAll(mainAndArguments);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.waitFor();
    if (status != 0) {
      throw new IllegalStateException(
          mainAndArguments.get(0) + " ended with status " + status + ": " + output);
    }
    return output;
  }

  private static String lastLine(String text) {
    String[] lines = text.strip().split("\n");
    return lines[lines.length - 1];
  }

  private void note(Server server, String what, double value) {
    table.note(server, what, value);
  }

  private String heap() {
    return option("heap", "1g");
  }

  private String option(String name, String byDefault) {
    return options.getOrDefault(name, byDefault);
  }

  private int number(String name, int byDefault) {
    return Integer.parseInt(option(name, Integer.toString(byDefault)));
  }

  private List<Integer> numbers(String name, String byDefault) {
    return Stream.of(option(name, byDefault).split(",")).map(Integer::parseInt).toList();
  }
}
