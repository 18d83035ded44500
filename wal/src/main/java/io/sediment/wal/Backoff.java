package io.sediment.wal;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before trying again: doubles from {@link #FIRST} to {@link #LAST}, and a random
 * half of it is left out, so that many waiters do not return at once. Pure but for the chance
 * given.
 */
final class Backoff {
  static final Duration FIRST = Duration.ofMillis(20);
  static final Duration LAST = Duration.ofSeconds(2);

  private Backoff() {}

  /**
   * @param failures in a row so far, at least 1
   */
  static Duration after(int failures, RandomGenerator random) {
    long doublings = Math.min(failures - 1, 20);
    long mostNanos = Math.min(LAST.toNanos(), FIRST.toNanos() << doublings);
    return Duration.ofNanos(mostNanos / 2 + random.nextLong(mostNanos / 2 + 1));
  }

  /** For failures that only an operator can end. */
  static Duration longest(RandomGenerator random) {
    return after(Integer.MAX_VALUE, random);
  }
}
