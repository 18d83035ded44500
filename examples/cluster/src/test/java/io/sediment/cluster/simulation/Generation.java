package io.sediment.cluster.simulation;

import java.util.Comparator;

/** Under which term a broker serves. Of two, the later one has fenced the earlier one. */
record Generation(long incarnation, long laneEpoch) implements Comparable<Generation> {
  private static final Comparator<Generation> ORDER =
      Comparator.comparingLong(Generation::incarnation).thenComparingLong(Generation::laneEpoch);

  @Override
  public int compareTo(Generation other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return incarnation + "." + laneEpoch;
  }
}
