package io.sediment.cluster.simulation;

import java.util.Comparator;

/**
 * Under which term a broker serves. Of two, the later one has fenced the earlier one.
 *
 * @param epoch of the lane, or of the partition's leadership where there are several brokers
 */
record Generation(long incarnation, long epoch) implements Comparable<Generation> {
  private static final Comparator<Generation> ORDER =
      Comparator.comparingLong(Generation::incarnation).thenComparingLong(Generation::epoch);

  /** Of an answer that was given while the leadership changed: it says nothing of terms. */
  static final Generation UNKNOWN = new Generation(-1, -1);

  boolean isKnown() {
    return incarnation >= 0;
  }

  @Override
  public int compareTo(Generation other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return incarnation + "." + epoch;
  }
}
