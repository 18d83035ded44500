package io.sediment.cluster.bench;

import java.util.List;

/** How long many things took, counted in steps of a quarter of a millisecond. */
final class Latencies {
  private static final long STEP_NANOS = 250_000;
  private static final int STEPS = 40_000; // what took longer than 10 s counts as that

  private final int[] counts = new int[STEPS];
  private long sum;

  static Latencies of(long[] nanos) {
    Latencies latencies = new Latencies();
    for (long each : nanos) {
      latencies.counts[(int) Math.min(STEPS - 1, each / STEP_NANOS)]++;
      latencies.sum++;
    }
    return latencies;
  }

  static Latencies together(List<Latencies> parts) {
    Latencies all = new Latencies();
    for (Latencies part : parts) {
      for (int i = 0; i < STEPS; i++) {
        all.counts[i] += part.counts[i];
      }
      all.sum += part.sum;
    }
    return all;
  }

  /** In milliseconds; NaN of nothing. */
  double quantile(double part) {
    long below = (long) (sum * part);
    for (int i = 0; i < STEPS; i++) {
      below -= counts[i];
      if (below < 0) {
        return (i + 0.5) * STEP_NANOS / 1e6;
      }
    }
    return Double.NaN;
  }
}
