package io.sediment.frontend.retention;

import io.sediment.lsm.PartitionId;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** What retention asks of the open lane. */
public interface LaneSpace {
  /**
   * Gives back what lies wholly below log starts or belongs to deleted topics, as far as whole
   * objects go.
   *
   * @return the deleted topics of which the lane now holds nothing
   */
  CompletableFuture<Set<UUID>> reclaim(
      Map<PartitionId, Long> logStartOffsets, Set<UUID> deletedTopics);
}
