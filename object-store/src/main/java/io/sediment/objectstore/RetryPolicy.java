package io.sediment.objectstore;

import java.time.Duration;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * How long to wait before the next attempt: doubling from a first delay up to a longest one, each
 * drawn from its upper half so that clients that failed together do not come back together.
 *
 * @param firstDelay before the second attempt
 * @param firstThrottledDelay the same, where the store asked for fewer requests
 * @param longestDelay no wait is longer
 * @param deadline no attempt starts later than this after the first
 */
public record RetryPolicy(
    Duration firstDelay, Duration firstThrottledDelay, Duration longestDelay, Duration deadline) {
  /** For stores behind a network. */
  public static final RetryPolicy DEFAULT =
      new RetryPolicy(
          Duration.ofMillis(50),
          Duration.ofMillis(500),
          Duration.ofSeconds(5),
          Duration.ofSeconds(30));

  public RetryPolicy {
    if (!isPositive(firstDelay)
        || firstThrottledDelay.compareTo(firstDelay) < 0
        || longestDelay.compareTo(firstThrottledDelay) < 0
        || deadline.isNegative()) {
      throw new IllegalArgumentException(
          "retry policy: firstDelay="
              + firstDelay
              + " firstThrottledDelay="
              + firstThrottledDelay
              + " longestDelay="
              + longestDelay
              + " deadline="
              + deadline);
    }
  }

  /**
   * Plans the wait before the next attempt; empty: give up.
   *
   * @param failedAttempts attempts so far, at least 1
   * @param elapsed since the first attempt began
   */
  public Optional<Duration> nextDelay(
      int failedAttempts, boolean throttled, Duration elapsed, RandomGenerator random) {
    long firstNanos = (throttled ? firstThrottledDelay : firstDelay).toNanos();
    int doublings = Math.min(failedAttempts - 1, 30);
    long fullNanos =
        firstNanos > (longestDelay.toNanos() >> doublings)
            ? longestDelay.toNanos()
            : firstNanos << doublings;
    Duration delay = Duration.ofNanos(fullNanos / 2 + random.nextLong(fullNanos - fullNanos / 2));
    return elapsed.plus(delay).compareTo(deadline) <= 0 ? Optional.of(delay) : Optional.empty();
  }

  private static boolean isPositive(Duration duration) {
    return !duration.isNegative() && !duration.isZero();
  }
}
