package io.sediment.wal;

import org.jspecify.annotations.Nullable;

/**
 * What one writer has learnt of the store lately, for {@link HedgePolicy} to go by. Thread-safe.
 */
final class PutHistory {
  private final boolean hedging;
  private final @Nullable LatencyHistogram[] bySizeClass =
      new LatencyHistogram[HedgePolicy.SIZE_CLASSES];
  private int putsSaved;
  private boolean everThrottled;
  private long throttledAtNanos;

  PutHistory(boolean hedging) {
    this.hedging = hedging;
  }

  /** A first attempt or a retry was sent, not a hedge. */
  synchronized void putSent() {
    putsSaved = HedgePolicy.putsSavedAfterPut(putsSaved);
  }

  /** The store gave a definite answer. */
  synchronized void answered(long bytes, long latencyNanos) {
    histogram(bytes).record(latencyNanos);
  }

  /** The store asked for fewer requests. */
  synchronized void throttled(long nowNanos) {
    everThrottled = true;
    throttledAtNanos = nowNanos;
  }

  /** How long to wait for a put of that size before hedging it. */
  synchronized long slowAfterNanos(long bytes) {
    return hedging ? HedgePolicy.slowAfterNanos(histogram(bytes)) : HedgePolicy.NEVER;
  }

  /** Takes the right to hedge that put now, if there is one. */
  synchronized boolean takeHedge(long nowNanos, long sentNanos, long slowAfterNanos) {
    long sinceThrottled = everThrottled ? nowNanos - throttledAtNanos : HedgePolicy.NEVER;
    boolean granted =
        hedging
            && HedgePolicy.mayHedge(
                putsSaved, nowNanos - sentNanos, slowAfterNanos, sinceThrottled);
    if (granted) {
      putsSaved = HedgePolicy.putsSavedAfterHedge(putsSaved);
    }
    return granted;
  }

  private LatencyHistogram histogram(long bytes) {
    int sizeClass = HedgePolicy.sizeClass(bytes);
    LatencyHistogram histogram = bySizeClass[sizeClass];
    if (histogram == null) {
      histogram = new LatencyHistogram();
      bySizeClass[sizeClass] = histogram;
    }
    return histogram;
  }
}
