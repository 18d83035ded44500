package io.sediment.lsm.scan;

import io.sediment.lsm.PartitionId;

/**
 * The lane holds nothing of the partition at the offset asked for, only above it: it was dropped by
 * retention, or it lies in an older lane. Where it should be here, data is missing.
 */
public final class OffsetGoneException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * @param firstOffset where the lane has something again, or where it ends
   */
  public OffsetGoneException(PartitionId partition, long offset, long firstOffset) {
    super(
        "offset is not in this lane: partition="
            + partition
            + " offset="
            + offset
            + " firstOffset="
            + firstOffset);
  }
}
