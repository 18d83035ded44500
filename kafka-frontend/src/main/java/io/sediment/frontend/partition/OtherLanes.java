package io.sediment.frontend.partition;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.StoredLane;
import java.util.concurrent.CompletableFuture;

/** The lanes that a partition's older placements are in. */
@FunctionalInterface
public interface OtherLanes {
  /** See {@link io.sediment.lsm.lane.Lane#storedLane}. */
  CompletableFuture<StoredLane> stored(LaneId lane, PartitionId partition, long endOffset);
}
