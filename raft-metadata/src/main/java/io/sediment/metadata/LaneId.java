package io.sediment.metadata;

/**
 * Names a lane (one WAL and one small LSM): its number in the lane registry of the bucket. Never
 * reused.
 */
public record LaneId(int value) implements Comparable<LaneId> {
  public LaneId {
    if (value < 0) {
      throw new IllegalArgumentException("lane id: " + value);
    }
  }

  @Override
  public int compareTo(LaneId other) {
    return Integer.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "lane-" + value;
  }
}
