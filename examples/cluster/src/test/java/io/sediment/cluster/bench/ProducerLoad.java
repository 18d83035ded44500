package io.sediment.cluster.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.admin.NewTopic;

/** Processes of Kafka's own ProducerPerformance, and the topics that they write to. */
final class ProducerLoad {
  static final int RECORD_BYTES = 1024;
  static final int UNLIMITED = -1;
  private static final Pattern MB_PER_SECOND =
      Pattern.compile("records sent.*\\(([0-9.]+) MB/sec\\)");

  private final String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
  private final String classPath;
  private final Path dir;

  /**
   * @param classPath of a whole Apache Kafka
   * @param dir where records and outputs go
   */
  ProducerLoad(String classPath, Path dir) throws IOException {
    this.classPath = classPath;
    this.dir = dir;
    writePayloads(dir.resolve("payloads"));
  }

  /**
   * Runs producers side by side and returns the sum of their MB/s; acks=all, idempotent.
   *
   * @param recordsPerSecond of each, or {@link #UNLIMITED}
   */
  double produce(
      String bootstrap,
      String topic,
      int megabytes,
      int producers,
      int batchSize,
      int recordsPerSecond)
      throws IOException, InterruptedException {
    List<Process> running = new ArrayList<>();
    List<Path> outputs = new ArrayList<>();
    for (int i = 0; i < producers; i++) {
      List<String> command = new ArrayList<>(List.of(java, "-Xmx512m", "-cp", classPath));
      command.addAll(
          List.of(
              "org.apache.kafka.tools.ProducerPerformance",
              "--topic",
              topic,
              "--num-records",
              Long.toString((long) megabytes * 1024 * 1024 / RECORD_BYTES / producers),
              "--payload-file",
              dir.resolve("payloads").toString(),
              "--throughput",
              Integer.toString(recordsPerSecond),
              "--producer-props",
              "bootstrap.servers=" + bootstrap,
              "acks=all",
              "enable.idempotence=true",
              "batch.size=" + batchSize,
              "linger.ms=5"));
      Path output = dir.resolve("producer-" + i + ".out");
      outputs.add(output);
      running.add(
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start());
    }
    double sum = 0;
    for (int i = 0; i < producers; i++) {
      int status = running.get(i).waitFor();
      String text = Files.readString(outputs.get(i));
      double last = Double.NaN;
      Matcher matcher = MB_PER_SECOND.matcher(text);
      while (matcher.find()) {
        last = Double.parseDouble(matcher.group(1));
      }
      if (status != 0 || Double.isNaN(last)) {
        throw new IllegalStateException("producer ended with status " + status + ": " + text);
      }
      sum += last;
    }
    return sum;
  }

  void createTopic(String bootstrap, String topic, int partitions) throws Exception {
    try (Admin admin =
        Admin.create(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap))) {
      admin
          .createTopics(List.of(new NewTopic(topic, partitions, (short) 1)))
          .all()
          .get(120, TimeUnit.SECONDS);
    }
  }

  /** A thousand records: half noise, half repetition. */
  private static void writePayloads(Path file) throws IOException {
    Random random = new Random(1);
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      for (int j = 0; j < RECORD_BYTES / 2; j++) {
        all.append((char) ('!' + random.nextInt(90)));
      }
      all.append("sediment".repeat(RECORD_BYTES / 16)).append('\n');
    }
    Files.writeString(file, all);
  }
}
