package io.sediment.frontend.partition;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import java.util.concurrent.CompletableFuture;

/** The lane that this broker appends to, in one epoch, as far as the front end needs it. */
public interface PartitionLane {
  /** Number of the lane. */
  long lane();

  /** Epoch under which this broker opened it. */
  long epoch();

  /**
   * Opens a partition for appending under {@code leaderEpoch}; the listener may be told of
   * durability before the future completes. Fails with {@link
   * io.sediment.lsm.lane.LaneHaltedException} where the lane has stopped.
   *
   * @param startOffset where the placement starts: the first offset of a partition that the lane
   *     holds nothing of
   */
  CompletableFuture<LanePartition> open(
      PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener);

  /**
   * Says that nothing more will be appended to a partition here; its topic is gone or has moved.
   */
  void close(PartitionId partition);
}
