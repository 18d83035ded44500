package io.sediment.cluster.torture;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * A broker as its own process, started from the jar; its output goes to a log and can be waited for
 * line by line.
 */
final class BrokerProcess {
  private final Process process;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final List<String> lines = new ArrayList<>();
  private final List<Long> linesAtNanos = new ArrayList<>();
  private boolean ended;

  private BrokerProcess(Process process) {
    this.process = process;
  }

  static BrokerProcess start(
      Path jar, List<String> jvmOptions, Map<String, String> environment, Path log)
      throws IOException {
    return start(jar, jvmOptions, List.of(), environment, log);
  }

  /** What else is in the jar, by its arguments. */
  static BrokerProcess start(
      Path jar,
      List<String> jvmOptions,
      List<String> arguments,
      Map<String, String> environment,
      Path log)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmOptions);
    command.add("-jar");
    command.add(jar.toString());
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    BrokerProcess broker = new BrokerProcess(builder.start());
    Thread reader = new Thread(() -> broker.collect(log), "broker-output");
    reader.setDaemon(true);
    reader.start();
    return broker;
  }

  private void collect(Path log) {
    try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        Files.writeString(log, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        note(line, false);
      }
    } catch (IOException broken) {
      note("output of the broker broke off: " + broken, false);
    } finally {
      note("", true);
    }
  }

  private void note(String line, boolean end) {
    lock.lock();
    try {
      lines.add(line);
      linesAtNanos.add(System.nanoTime());
      ended |= end;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Number of lines so far: where a wait for something new begins. */
  int mark() {
    lock.lock();
    try {
      return lines.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until a line at or after {@code mark} matches.
   *
   * @return false when the time is up or the process ended without such a line
   */
  boolean awaitLine(int mark, Predicate<String> wanted, long timeoutMs)
      throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMs);
    lock.lock();
    try {
      int next = mark;
      while (true) {
        for (; next < lines.size(); next++) {
          if (wanted.test(lines.get(next))) {
            return true;
          }
        }
        long left = deadline - System.nanoTime();
        if (ended || left <= 0) {
          return false;
        }
        changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** When the first line at or after {@code mark} that matches came, by {@link System#nanoTime}. */
  OptionalLong nanosOf(int mark, Predicate<String> wanted) {
    lock.lock();
    try {
      for (int i = mark; i < lines.size(); i++) {
        if (wanted.test(lines.get(i))) {
          return OptionalLong.of(linesAtNanos.get(i));
        }
      }
      return OptionalLong.empty();
    } finally {
      lock.unlock();
    }
  }

  /** Sends a signal by name, such as STOP or CONT. */
  void signal(String name) throws IOException, InterruptedException {
    int status =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    if (status != 0) {
      throw new IllegalStateException("kill -" + name + " of a broker: exit status " + status);
    }
  }

  /** SIGKILL, and waits until the process is gone. */
  void kill9() throws InterruptedException {
    process.destroyForcibly();
    process.waitFor();
  }

  /**
   * SIGTERM, and waits for the exit status. Not by {@link Process#destroy}, which closes the pipe
   * that would bring what the broker says on its way out.
   */
  int terminate() throws IOException, InterruptedException {
    signal("TERM");
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("the broker did not end within 60 s of SIGTERM");
    }
    return process.exitValue();
  }

  /** Waits for it to end by itself; empty where it does not. */
  OptionalInt awaitExit(long timeoutMs) throws InterruptedException {
    return process.waitFor(timeoutMs, TimeUnit.MILLISECONDS)
        ? OptionalInt.of(process.exitValue())
        : OptionalInt.empty();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** All lines that match. */
  List<String> lines(Predicate<String> wanted) {
    lock.lock();
    try {
      return lines.stream().filter(wanted).toList();
    } finally {
      lock.unlock();
    }
  }

  String lastLines(int count) {
    lock.lock();
    try {
      return String.join("\n", lines.subList(Math.max(0, lines.size() - count), lines.size()));
    } finally {
      lock.unlock();
    }
  }
}
