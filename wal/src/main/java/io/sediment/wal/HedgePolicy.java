package io.sediment.wal;

import java.time.Duration;

/**
 * When a slow put deserves a second one of the same bytes to the same key. Pure.
 *
 * <p>Acknowledgements are in order, so one slow put delays everything behind it; a second attempt
 * is nearly always faster than the rest of the first one's tail. It must not become load of its
 * own: hedges are at most one in {@link #PUTS_PER_HEDGE} puts, none is sent to a store that asks
 * for fewer requests, and nothing is called slow before there is a past to compare with.
 */
final class HedgePolicy {
  static final long NEVER = Long.MAX_VALUE;

  /** A hedge is earned by so many puts: at most 10 % of them are hedged. */
  static final int PUTS_PER_HEDGE = 10;

  /** Hedges that may be saved up for a bad moment. */
  static final int HEDGES_SAVED_MAX = 8;

  private static final double SLOW_QUANTILE = 0.90;
  private static final int STUCK_TIMES_SLOW = 3;
  private static final int LATENCIES_MIN = 20;
  private static final Duration CALM_AFTER_THROTTLING = Duration.ofSeconds(10);
  private static final Duration DELAY_MIN = Duration.ofMillis(5);

  /** Upper bounds of the size classes in bytes; the last class has none. */
  private static final long[] SIZE_CLASS_BYTES_MAX = {64 << 10, 512 << 10, 2 << 20, 8 << 20};

  static final int SIZE_CLASSES = SIZE_CLASS_BYTES_MAX.length + 1;

  private HedgePolicy() {}

  static int sizeClass(long bytes) {
    int sizeClass = 0;
    while (sizeClass < SIZE_CLASS_BYTES_MAX.length && bytes > SIZE_CLASS_BYTES_MAX[sizeClass]) {
      sizeClass++;
    }
    return sizeClass;
  }

  /** How long a put may take before it counts as slow; {@link #NEVER} while too little is known. */
  static long slowAfterNanos(LatencyHistogram latenciesOfClass) {
    return latenciesOfClass.total() < LATENCIES_MIN
        ? NEVER
        : Math.max(DELAY_MIN.toNanos(), latenciesOfClass.quantileNanos(SLOW_QUANTILE));
  }

  /**
   * Whether a put that is not answered yet may be hedged now.
   *
   * @param putsSaved puts not yet used up by a hedge, see {@link #putsSavedAfterPut}
   * @param elapsedNanos since it was sent
   * @param slowAfterNanos as of {@link #slowAfterNanos} when it was sent
   * @param nanosSinceThrottled since the store last asked for fewer requests, {@link #NEVER}
   *     without
   */
  static boolean mayHedge(
      int putsSaved, long elapsedNanos, long slowAfterNanos, long nanosSinceThrottled) {
    boolean stuck = elapsedNanos / STUCK_TIMES_SLOW >= slowAfterNanos;
    return elapsedNanos >= slowAfterNanos
        && putsSaved >= (stuck ? PUTS_PER_HEDGE : 2 * PUTS_PER_HEDGE)
        && nanosSinceThrottled >= CALM_AFTER_THROTTLING.toNanos();
  }

  /** When to ask again about a put that is still not answered: ever less often. */
  static long nextLookNanos(long elapsedNanos) {
    return 2 * elapsedNanos;
  }

  static int putsSavedAfterPut(int putsSaved) {
    return Math.min(putsSaved + 1, PUTS_PER_HEDGE * HEDGES_SAVED_MAX);
  }

  static int putsSavedAfterHedge(int putsSaved) {
    return putsSaved - PUTS_PER_HEDGE;
  }
}
