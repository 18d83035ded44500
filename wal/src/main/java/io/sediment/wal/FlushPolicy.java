package io.sediment.wal;

/**
 * Adaptive pipelined group commit: when to start the next flush. Pure.
 *
 * <p>An idle log flushes its first batch as soon as the burst that it came in had time to arrive:
 * otherwise the first request of each burst would go alone, and the rest of it wait for spacing,
 * burst after burst. Under load the batches of {@code spacing}, or of the time until one of the
 * puts in flight returns, gather in one object. Spacing bounds what requests cost; it rises while
 * objects are small heaps of footer, where waiting makes each byte cheaper.
 */
final class FlushPolicy {
  /** Not before something changes: an append, or a put that returns. */
  static final long WHEN_SOMETHING_CHANGES = Long.MAX_VALUE;

  private static final double FOOTER_SHARE_HIGH = 0.10;
  private static final double FOOTER_SHARE_LOW = 0.05;

  private final WalProfile profile;

  FlushPolicy(WalProfile profile) {
    this.profile = profile;
  }

  /**
   * Nanoseconds until a flush should start, 0 for now.
   *
   * @param openBytes bytes of batches that no flush has taken yet
   * @param full the oldest of them make up an object that takes no more
   * @param inFlight puts not confirmed yet
   * @param nanosSinceFirstByte since the first of them was appended
   * @param nanosSinceLastStart {@code Long.MAX_VALUE} when there was none
   * @param spacingNanos as of {@link #spacingNanosAfter}
   */
  long nanosUntilStart(
      long openBytes,
      boolean full,
      int inFlight,
      long nanosSinceFirstByte,
      long nanosSinceLastStart,
      long spacingNanos) {
    boolean waitsForAReturn = inFlight > 0 && !full && openBytes < profile.besideBytesMin();
    if (openBytes == 0 || inFlight >= profile.inFlightMax() || waitsForAReturn) {
      return WHEN_SOMETHING_CHANGES;
    }
    if (full) {
      return 0;
    }
    long gatherNanos = profile.gather().toNanos() - nanosSinceFirstByte;
    return Math.max(0, Math.max(gatherNanos, spacingNanos - nanosSinceLastStart));
  }

  /** Whether an object of {@code bytes} takes no further batch. */
  boolean isFull(long bytes) {
    return bytes >= profile.objectBytesMax();
  }

  /** Whether a batch still goes into an object of {@code bytes}; an empty one takes any. */
  boolean fits(long bytes, int batchBytes) {
    return bytes == 0 || bytes + batchBytes <= profile.objectBytesMax();
  }

  long firstSpacingNanos() {
    return profile.spacing().toNanos();
  }

  /** The spacing after an object was built: half as much again or a third less, within bounds. */
  long spacingNanosAfter(long spacingNanos, long footerBytes, long objectBytes) {
    double share = (double) footerBytes / objectBytes;
    if (share > FOOTER_SHARE_HIGH) {
      return Math.min(profile.spacingMax().toNanos(), spacingNanos + spacingNanos / 2);
    }
    if (share < FOOTER_SHARE_LOW) {
      return Math.max(profile.spacing().toNanos(), spacingNanos - spacingNanos / 3);
    }
    return spacingNanos;
  }
}
