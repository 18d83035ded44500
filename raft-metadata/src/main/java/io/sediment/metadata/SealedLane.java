package io.sediment.metadata;

import java.util.Map;

/**
 * What a lane held when it was closed for good.
 *
 * @param epoch under which it was sealed, above every epoch that ever wrote to it
 * @param partitions every partition of which the lane ever held a record
 */
public record SealedLane(LaneId lane, long epoch, Map<PartitionId, End> partitions) {
  /**
   * @param endOffset offset after the last acknowledged record
   * @param leaderEpochMax highest leader epoch seen in any record of the partition
   */
  public record End(long endOffset, int leaderEpochMax) {}

  public SealedLane {
    partitions = Map.copyOf(partitions);
  }
}
