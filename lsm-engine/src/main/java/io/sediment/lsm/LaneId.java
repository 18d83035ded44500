package io.sediment.lsm;

/**
 * A lane: one write-ahead log and one LSM, owned by one broker at a time. Numbered densely from 0
 * in the lane registry.
 */
public record LaneId(int value) implements Comparable<LaneId> {
  public LaneId {
    if (value < 0) {
      throw new IllegalArgumentException("lane: " + value);
    }
  }

  @Override
  public int compareTo(LaneId other) {
    return Integer.compare(value, other.value);
  }

  @Override
  public String toString() {
    return Integer.toString(value);
  }
}
