package io.sediment.cluster;

import io.sediment.frontend.retention.LaneSpace;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.Lane;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** The space of the lane that this broker appends to. */
public final class OpenLaneSpace implements LaneSpace {
  private final Lane lane;
  private final InstantSource clock;

  public OpenLaneSpace(Lane lane, InstantSource clock) {
    this.lane = lane;
    this.clock = clock;
  }

  @Override
  public CompletableFuture<Long> newLogStart(
      PartitionId partition, long logStartOffset, long retentionMs, long retentionBytes) {
    return lane.newLogStart(partition, logStartOffset, retentionMs, retentionBytes, clock.millis());
  }

  @Override
  public CompletableFuture<Set<UUID>> reclaim(
      Map<PartitionId, Long> logStartOffsets, Set<UUID> deletedTopics) {
    return lane.reclaim(logStartOffsets, deletedTopics);
  }
}
