package io.sediment.metadata;

/**
 * From {@code startOffset} on (to the start of the next placement) a partition lies in {@code
 * lane}, appended under {@code leaderEpoch} by the lane's writer of {@code laneEpoch}.
 */
public record Placement(int leaderEpoch, LaneId lane, long laneEpoch, long startOffset) {
  public Placement {
    if (leaderEpoch < 0 || laneEpoch < 0 || startOffset < 0) {
      throw new IllegalArgumentException(
          "placement: leaderEpoch="
              + leaderEpoch
              + " laneEpoch="
              + laneEpoch
              + " startOffset="
              + startOffset);
    }
  }
}
