package io.sediment.wal;

/**
 * Latencies of the recent past in logarithmic buckets, eight per doubling. Old ones fade: whenever
 * {@link #FADE_AT} are held, every bucket is halved. Not thread-safe.
 */
final class LatencyHistogram {
  static final int FADE_AT = 512;

  private static final int BUCKETS_PER_DOUBLING = 8;
  private static final int DOUBLINGS = 30; // from 2^16 ns (66 us) to 2^46 ns (19 hours)
  private static final int LOWEST_BIT = 16;

  private final int[] counts = new int[BUCKETS_PER_DOUBLING * DOUBLINGS];
  private int total;

  void record(long nanos) {
    counts[bucket(nanos)]++;
    total++;
    if (total >= FADE_AT) {
      total = 0;
      for (int i = 0; i < counts.length; i++) {
        counts[i] /= 2;
        total += counts[i];
      }
    }
  }

  /** How many latencies speak here, faded ones counted less. */
  int total() {
    return total;
  }

  /** The least bucket bound that at least {@code quantile} of the latencies do not exceed. */
  long quantileNanos(double quantile) {
    if (total == 0) {
      throw new IllegalStateException("no latencies recorded");
    }
    long wanted = (long) Math.ceil(quantile * total);
    long seen = 0;
    int bucket = -1;
    while (seen < wanted) {
      bucket++;
      seen += counts[bucket];
    }
    return upperBoundNanos(Math.max(0, bucket));
  }

  private static int bucket(long nanos) {
    int highestBit = 63 - Long.numberOfLeadingZeros(Math.max(1, nanos));
    if (highestBit < LOWEST_BIT) {
      return 0;
    }
    int fraction = (int) (nanos >>> (highestBit - 3)) & (BUCKETS_PER_DOUBLING - 1);
    int bucket = (highestBit - LOWEST_BIT) * BUCKETS_PER_DOUBLING + fraction;
    return Math.min(bucket, BUCKETS_PER_DOUBLING * DOUBLINGS - 1);
  }

  private static long upperBoundNanos(int bucket) {
    int highestBit = LOWEST_BIT + bucket / BUCKETS_PER_DOUBLING;
    long eighths = BUCKETS_PER_DOUBLING + bucket % BUCKETS_PER_DOUBLING + 1;
    return eighths << (highestBit - 3);
  }
}
