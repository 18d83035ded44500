package io.sediment.metadata.liveness;

import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Since when this broker lacks something of the metadata log that the Raft leader is known to have
 * exported. Being always a little behind is no lag, as long as each thing arrives in time. Holds no
 * clock. Thread-safe.
 */
final class MetadataLag {
  private final LongSupplier appliedIndex;
  private final Duration longest;
  private boolean lacking; // guarded by this
  private long wantedIndex; // guarded by this
  private long sinceNanos; // guarded by this

  /**
   * @param appliedIndex of the newest entry that is applied here; may be called by any thread
   * @param longest that this broker may lack something
   */
  MetadataLag(LongSupplier appliedIndex, Duration longest) {
    this.appliedIndex = appliedIndex;
    this.longest = longest;
  }

  /**
   * The leader has exported the log up to {@code exportedIndex}; answers may come in any order.
   *
   * @param sentNanos when it was asked, before which it may have had it
   */
  synchronized void told(long sentNanos, long exportedIndex) {
    if (!lacks() && appliedIndex.getAsLong() < exportedIndex) {
      lacking = true;
      wantedIndex = exportedIndex;
      sinceNanos = sentNanos;
    }
  }

  synchronized boolean isTooLong(long nowNanos) {
    return lacks() && nowNanos - sinceNanos > longest.toNanos();
  }

  private synchronized boolean lacks() {
    lacking &= appliedIndex.getAsLong() < wantedIndex;
    return lacking;
  }

  @Override
  public synchronized String toString() {
    return "applied=" + appliedIndex.getAsLong() + " exported=" + wantedIndex + " for=" + longest;
  }
}
