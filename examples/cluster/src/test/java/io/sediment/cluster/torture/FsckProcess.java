package io.sediment.cluster.torture;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** {@code sediment fsck} as its own process, over the bucket of the brokers under test. */
final class FsckProcess {
  private FsckProcess() {}

  /** What it finds; nothing where the bucket is clean. */
  static List<String> anomalies(Path jar, Map<String, String> environment, String when)
      throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-jar",
            jar.toString(),
            "fsck");
    builder.environment().putAll(environment);
    builder.redirectErrorStream(true);
    long begin = System.nanoTime();
    Process fsck = builder.start();
    List<String> lines;
    try (Stream<String> output = fsck.inputReader(StandardCharsets.UTF_8).lines()) {
      lines = new ArrayList<>(output.toList());
    }
    int status = fsck.waitFor();
    System.out.printf(
        "fsck %s: exit status %d after %d ms%n",
        when, status, (System.nanoTime() - begin) / 1_000_000);
    if (status == 0) {
      return List.of();
    }
    lines.removeIf(line -> line.startsWith("... "));
    lines.add("exit status " + status);
    return lines.stream().map(line -> "fsck " + when + ": " + line).toList();
  }
}
