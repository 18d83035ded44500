package io.sediment.cluster.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Windows of a load in which compaction waits and works in turns, on the same broker: what the
 * machine does otherwise falls on both alike. The log's puts are sat on in the same way in each of
 * them. The first seconds of a window are left out, in which what was under way ends.
 */
final class AlternatingWindows {
  /** One window without what is left out of it. */
  private record Window(
      boolean compacts,
      long fromNanos,
      long toNanos,
      int compactionRequests,
      long[] serverNanos,
      double brokerCores,
      double machineCores) {}

  /** Totals at one moment. */
  private record Reading(
      long nanos, int compactionRequests, double brokerSeconds, double machineSeconds) {}

  private final SlowS3 s3;
  private final ServerProcess broker;
  private final int count;
  private final long windowNanos;
  private final long settleNanos;
  private final List<Window> windows = new ArrayList<>();
  private boolean begun;
  private boolean compacts;
  private boolean measures;
  private long begin;
  private Reading from = new Reading(0, 0, 0, 0);

  AlternatingWindows(
      SlowS3 s3, ServerProcess broker, int count, int windowSeconds, int settleSeconds) {
    this.s3 = s3;
    this.broker = broker;
    this.count = count;
    this.windowNanos = TimeUnit.SECONDS.toNanos(windowSeconds);
    this.settleNanos = TimeUnit.SECONDS.toNanos(settleSeconds);
  }

  /** Asked once a second; turns compaction on and off. */
  boolean goesOn() {
    long now = System.nanoTime();
    if (!begun) {
      begun = true;
      begin(now);
    } else if (!measures && now - begin >= settleNanos) {
      measures = true;
      from = read();
      s3.takeLogServerNanos();
    } else if (now - begin >= settleNanos + windowNanos) {
      end();
      compacts = !compacts;
      begin(now);
    }
    return windows.size() < count;
  }

  private void begin(long now) {
    begin = now;
    measures = false;
    s3.repeatLogDelays();
    if (compacts) {
      s3.letCompactionGo();
    } else {
      s3.holdCompaction();
    }
  }

  private void end() {
    Reading to = read();
    double seconds = (to.nanos() - from.nanos()) / 1e9;
    windows.add(
        new Window(
            compacts,
            from.nanos(),
            to.nanos(),
            to.compactionRequests() - from.compactionRequests(),
            s3.takeLogServerNanos(),
            (to.brokerSeconds() - from.brokerSeconds()) / seconds,
            (to.machineSeconds() - from.machineSeconds()) / seconds));
  }

  private Reading read() {
    try {
      return new Reading(
          System.nanoTime(), s3.compactionRequests(), broker.cpuSeconds(), machineCpuSeconds());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** CPU seconds of all processes, and those that the host took away. */
  private static double machineCpuSeconds() throws IOException {
    String[] fields = Files.readAllLines(Path.of("/proc/stat")).get(0).trim().split("\\s+");
    long ticks = 0;
    for (int i = 1; i < fields.length; i++) {
      boolean isIdle = i == 4 || i == 5;
      boolean isCountedTwice = i > 8; // guests
      ticks += isIdle || isCountedTwice ? 0 : Long.parseLong(fields[i]);
    }
    return ticks / ServerProcess.CLOCK_TICKS_PER_SECOND;
  }

  /** Prints each window, then medians over the windows of both kinds and all of each together. */
  void print(AckTimes.Acks acks, int megabytesPerSecond) {
    System.out.println(
        "\n| window | compaction requests | ack p50 ms | ack p99 ms | server p50 of the log's puts"
            + " | p99 | broker cores | machine cores |\n|"
            + " --- |".repeat(8));
    Samples[] p50 = {new Samples(), new Samples()};
    Samples[] p99 = {new Samples(), new Samples()};
    Samples[] server = {new Samples(), new Samples()};
    Samples[] cores = {new Samples(), new Samples()};
    long[][] all = {{}, {}};
    for (Window window : windows) {
      long[] nanos = acks.sortedWithin(window.fromNanos(), window.toNanos());
      int kind = window.compacts() ? 1 : 0;
      p50[kind].add(millis(nanos, 0.5));
      p99[kind].add(millis(nanos, 0.99));
      server[kind].add(millis(window.serverNanos(), 0.99));
      cores[kind].add(window.machineCores());
      all[kind] = concat(all[kind], nanos);
      System.out.printf(
          Locale.ROOT,
          "| %s | %d | %.0f | %.0f | %.1f | %.1f | %.2f | %.2f |%n",
          window.compacts() ? "compacts" : "waits",
          window.compactionRequests(),
          millis(nanos, 0.5),
          millis(nanos, 0.99),
          millis(window.serverNanos(), 0.5),
          millis(window.serverNanos(), 0.99),
          window.brokerCores(),
          window.machineCores());
    }
    System.out.printf(
        "%n| %d MB/s of 1 KB records | compaction waits | compaction works | %% more |%n|"
            + " --- |".repeat(4)
            + "%n",
        megabytesPerSecond);
    row("ack p50 ms, median of windows", p50);
    row("ack p99 ms, median of windows", p99);
    row("server's p99 for the log's puts ms, median of windows", server);
    row("cores in use, median of windows", cores);
    for (double part : new double[] {0.5, 0.99}) {
      double waits = millis(all[0], part);
      double works = millis(all[1], part);
      System.out.printf(
          Locale.ROOT,
          "| ack p%.0f ms, all windows together | %.0f | %.0f | %.1f |%n",
          100 * part,
          waits,
          works,
          100 * (works / waits - 1));
    }
  }

  private static void row(String what, Samples[] kinds) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %s | %s | %.1f |%n",
        what,
        kinds[0],
        kinds[1],
        100 * (kinds[1].median() / kinds[0].median() - 1));
  }

  private static double millis(long[] sortedNanos, double part) {
    return sortedNanos.length == 0
        ? Double.NaN
        : sortedNanos[(int) (sortedNanos.length * part)] / 1e6;
  }

  private static long[] concat(long[] some, long[] more) {
    long[] both = Arrays.copyOf(some, some.length + more.length);
    System.arraycopy(more, 0, both, some.length, more.length);
    Arrays.sort(both);
    return both;
  }
}
