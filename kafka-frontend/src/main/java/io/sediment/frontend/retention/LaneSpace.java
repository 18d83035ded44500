package io.sediment.frontend.retention;

import io.sediment.lsm.PartitionId;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** What retention asks of the lane. */
public interface LaneSpace {
  /**
   * Where a log that begins at {@code logStartOffset} would begin if everything went that may go:
   * batches wholly older than {@code retentionMs}, and the oldest ones while {@code retentionBytes}
   * remain without them. -1 stands for no limit. Never beyond the durable end.
   */
  CompletableFuture<Long> newLogStart(
      PartitionId partition, long logStartOffset, long retentionMs, long retentionBytes);

  /**
   * Gives back what lies wholly below log starts or belongs to deleted topics, as far as whole
   * objects go.
   *
   * @return the deleted topics of which the lane now holds nothing
   */
  CompletableFuture<Set<UUID>> reclaim(
      Map<PartitionId, Long> logStartOffsets, Set<UUID> deletedTopics);
}
