package io.sediment.cluster.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Pairs of windows of a load, in one of which compaction waits and in the other works, on the same
 * broker, first the one and then the other: what the machine does otherwise falls on both alike.
 * The log's puts are answered after the same times in both windows of a pair, other ones in each
 * pair. The first seconds of a window are left out, in which what was under way ends.
 */
final class AlternatingWindows {
  private static final int SETTLE_SECONDS = 2;
  private static final int WORKING_MEGABYTES_PER_SECOND_MIN = 1;

  /** One window without what is left out of it; metrics are what was added to them within it. */
  private record Window(
      long fromNanos, long toNanos, BrokerMetrics metrics, List<SlowS3.LogPut> puts) {
    double seconds() {
      return (toNanos - fromNanos) / 1e9;
    }

    double compactedMegabytes() {
      return metrics.compactionBytesRead() / 1048576;
    }
  }

  /**
   * Totals at one moment, or their differences.
   *
   * @param cpuSeconds of the broker
   * @param compactionBytesRead from the store
   * @param logSlots acknowledged
   * @param logQueueSeconds sum over these, as the next two
   */
  record BrokerMetrics(
      double cpuSeconds,
      double compactionBytesRead,
      double logSlots,
      double logQueueSeconds,
      double logPutSeconds,
      double logOrderSeconds) {
    BrokerMetrics minus(BrokerMetrics earlier) {
      return new BrokerMetrics(
          cpuSeconds - earlier.cpuSeconds,
          compactionBytesRead - earlier.compactionBytesRead,
          logSlots - earlier.logSlots,
          logQueueSeconds - earlier.logQueueSeconds,
          logPutSeconds - earlier.logPutSeconds,
          logOrderSeconds - earlier.logOrderSeconds);
    }

    BrokerMetrics plus(BrokerMetrics more) {
      return minus(new BrokerMetrics(0, 0, 0, 0, 0, 0).minus(more));
    }
  }

  private final SlowS3 s3;
  private final Supplier<BrokerMetrics> metrics;
  private final boolean compactionEverWorks;
  private final List<Window> waiting = new ArrayList<>();
  private final List<Window> working = new ArrayList<>();

  /**
   * @param compactionEverWorks false to compare windows that are all alike: what differs then is
   *     what this bench cannot tell
   */
  AlternatingWindows(SlowS3 s3, Supplier<BrokerMetrics> metrics, boolean compactionEverWorks) {
    this.s3 = s3;
    this.metrics = metrics;
    this.compactionEverWorks = compactionEverWorks;
  }

  /**
   * Lets so many pairs pass, whose windows follow as AB BA AB BA, or fewer: one in which compaction
   * finds nothing more to do does not count and is the last.
   */
  void run(int pairs, int windowSeconds, long seed) throws InterruptedException {
    boolean isThrough = false;
    for (int pair = 0; pair < pairs && !isThrough; pair++) {
      boolean workFirst = pair % 2 == 1;
      Window first = pass(workFirst, windowSeconds, seed + pair);
      Window second = pass(!workFirst, windowSeconds, seed + pair);
      Window works = workFirst ? first : second;
      isThrough =
          compactionEverWorks
              && works.compactedMegabytes() < WORKING_MEGABYTES_PER_SECOND_MIN * works.seconds();
      if (!isThrough) {
        waiting.add(workFirst ? second : first);
        working.add(works);
      }
    }
    s3.letCompactionGo();
  }

  private Window pass(boolean works, int seconds, long seed) throws InterruptedException {
    if (works && compactionEverWorks) {
      s3.letCompactionGo();
    } else {
      s3.holdCompaction();
    }
    TimeUnit.SECONDS.sleep(SETTLE_SECONDS);
    s3.restartLogDelays(seed);
    s3.takeLogPuts();
    BrokerMetrics before = metrics.get();
    long from = System.nanoTime();
    TimeUnit.SECONDS.sleep(seconds);
    long to = System.nanoTime();
    return new Window(from, to, metrics.get().minus(before), s3.takeLogPuts());
  }

  /** Prints each pair, then what all windows of a kind were like and how they differ. */
  void print(AckTimes.Acks acks) {
    List<Latencies> waitingAcks = acks(waiting, acks);
    List<Latencies> workingAcks = acks(working, acks);
    System.out.println(
        "\n| pair | ack p50 ms: waits, works | ack p99 ms | compaction read MB/s |"
            + " broker cores |\n|"
            + " --- |".repeat(5));
    for (int i = 0; i < working.size(); i++) {
      System.out.printf(
          Locale.ROOT,
          "| %d | %.0f, %.0f | %.0f, %.0f | %.1f, %.1f | %.2f, %.2f |%n",
          i + 1,
          waitingAcks.get(i).quantile(0.5),
          workingAcks.get(i).quantile(0.5),
          waitingAcks.get(i).quantile(0.99),
          workingAcks.get(i).quantile(0.99),
          waiting.get(i).compactedMegabytes() / waiting.get(i).seconds(),
          working.get(i).compactedMegabytes() / working.get(i).seconds(),
          waiting.get(i).metrics().cpuSeconds() / waiting.get(i).seconds(),
          working.get(i).metrics().cpuSeconds() / working.get(i).seconds());
    }
    System.out.println(
        "\n| | compaction waits | works | more (95 % confidence) | median of the pairs; higher in |"
            + "\n|"
            + " --- |".repeat(5));
    for (double quantile : new double[] {0.5, 0.9, 0.99}) {
      row("ack p%.0f ms", quantile, waitingAcks, workingAcks);
    }
    for (double quantile : new double[] {0.5, 0.99}) {
      row(
          "from the store's answer to the ack, p%.0f ms",
          quantile, afterAnswers(waiting, acks), afterAnswers(working, acks));
    }
    for (double quantile : new double[] {0.5, 0.99}) {
      row(
          "the store's answers to the log's puts, p%.0f ms",
          quantile,
          puts(waiting, SlowS3.LogPut::answerNanos),
          puts(working, SlowS3.LogPut::answerNanos));
    }
    row(
        "of these, later than intended, p%.0f ms",
        0.99, puts(waiting, SlowS3.LogPut::lateNanos), puts(working, SlowS3.LogPut::lateNanos));
    means();
  }

  private static void row(
      String what, double quantile, List<Latencies> waiting, List<Latencies> working) {
    System.out.printf(
        Locale.ROOT,
        "| " + what + " | %s |%n",
        100 * quantile,
        PairedDifference.of(waiting, working, quantile));
  }

  private void means() {
    BrokerMetrics waits = sum(waiting);
    BrokerMetrics works = sum(working);
    mean("queue: waiting for a flush", waits, works, BrokerMetrics::logQueueSeconds);
    mean("put", waits, works, BrokerMetrics::logPutSeconds);
    mean("order: waiting for earlier puts", waits, works, BrokerMetrics::logOrderSeconds);
    double waitSeconds = waiting.stream().mapToDouble(Window::seconds).sum();
    double workSeconds = working.stream().mapToDouble(Window::seconds).sum();
    System.out.printf(
        Locale.ROOT,
        "| compaction reads MB/s | %.1f | %.1f | | |%n| puts of the log a second | %.1f | %.1f | | |%n"
            + "| broker, cores | %.2f | %.2f | | |%n",
        waits.compactionBytesRead() / 1048576 / waitSeconds,
        works.compactionBytesRead() / 1048576 / workSeconds,
        waits.logSlots() / waitSeconds,
        works.logSlots() / workSeconds,
        waits.cpuSeconds() / waitSeconds,
        works.cpuSeconds() / workSeconds);
  }

  private static void mean(
      String part,
      BrokerMetrics waits,
      BrokerMetrics works,
      Function<BrokerMetrics, Double> seconds) {
    double before = 1000 * seconds.apply(waits) / waits.logSlots();
    double after = 1000 * seconds.apply(works) / works.logSlots();
    System.out.printf(
        Locale.ROOT,
        "| the log's own times, mean ms: %s | %.2f | %.2f | %+.1f %% | |%n",
        part,
        before,
        after,
        100 * (after / before - 1));
  }

  private static BrokerMetrics sum(List<Window> windows) {
    return windows.stream()
        .map(Window::metrics)
        .reduce(new BrokerMetrics(0, 0, 0, 0, 0, 0), BrokerMetrics::plus);
  }

  private static List<Latencies> acks(List<Window> windows, AckTimes.Acks acks) {
    return windows.stream()
        .map(window -> Latencies.of(acks.sortedWithin(window.fromNanos(), window.toNanos())))
        .toList();
  }

  private static List<Latencies> puts(List<Window> windows, Function<SlowS3.LogPut, Long> nanos) {
    return windows.stream()
        .map(window -> Latencies.of(window.puts().stream().mapToLong(nanos::apply).toArray()))
        .toList();
  }

  /** From the last answer to a put of the log before each acknowledgement to that. */
  private static List<Latencies> afterAnswers(List<Window> windows, AckTimes.Acks acks) {
    return windows.stream().map(window -> Latencies.of(afterAnswers(window, acks))).toList();
  }

  private static long[] afterAnswers(Window window, AckTimes.Acks acks) {
    long[] answers = window.puts().stream().mapToLong(SlowS3.LogPut::answeredAt).sorted().toArray();
    long[] ackedAt = new long[acks.dueNanos().length];
    Arrays.setAll(ackedAt, i -> acks.dueNanos()[i] + acks.tookNanos()[i]);
    return Arrays.stream(ackedAt)
        .filter(at -> at >= answers[0] && at < window.toNanos())
        .map(
            at -> {
              int found = Arrays.binarySearch(answers, at);
              return at - answers[found >= 0 ? found : -found - 2];
            })
        .toArray();
  }
}
