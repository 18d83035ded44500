package io.sediment.simulation;

import java.util.stream.LongStream;

/** Which seeds a randomized test runs: all of its own, or the one named by {@code -Dtest.seed}. */
public final class Seeds {
  private Seeds() {}

  /** Seeds 1 to {@code count}, unless one is to be replayed. */
  public static LongStream upTo(int count) {
    String replayed = System.getProperty("test.seed", "");
    return replayed.isBlank()
        ? LongStream.rangeClosed(1, count)
        : LongStream.of(Long.parseLong(replayed.strip()));
  }
}
