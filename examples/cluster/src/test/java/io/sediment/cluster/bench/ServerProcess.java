package io.sediment.cluster.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A server under measurement: its process, its log, and what the kernel says it used. */
final class ServerProcess {
  private static final long READY_TIMEOUT_MS = 120_000;
  static final double CLOCK_TICKS_PER_SECOND = 100; // USER_HZ on Linux

  private final Process process;

  private ServerProcess(Process process) {
    this.process = process;
  }

  /** Starts {@code command} and waits until its log contains {@code readyText}. */
  static ServerProcess start(
      List<String> command, Map<String, String> environment, Path log, String readyText)
      throws IOException, InterruptedException {
    Files.deleteIfExists(log);
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(READY_TIMEOUT_MS);
    while (!(Files.exists(log) && Files.readString(log).contains(readyText))) {
      if (!process.isAlive() || System.nanoTime() > deadline) {
        process.destroyForcibly();
        throw new IllegalStateException("the server was not ready; see " + log);
      }
      TimeUnit.MILLISECONDS.sleep(20);
    }
    return new ServerProcess(process);
  }

  /** User and system CPU seconds used so far by all threads. */
  double cpuSeconds() throws IOException {
    String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / CLOCK_TICKS_PER_SECOND;
  }

  /** Resident memory in MB: now, or the most it ever was. */
  long residentMb(boolean peak) throws IOException {
    String field = peak ? "VmHWM:" : "VmRSS:";
    return Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
        .filter(line -> line.startsWith(field))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
        .findFirst()
        .orElse(-1);
  }

  /** As {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  void stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }
}
