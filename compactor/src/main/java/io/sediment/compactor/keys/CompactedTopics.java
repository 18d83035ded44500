package io.sediment.compactor.keys;

import io.sediment.lsm.PartitionId;
import java.util.Set;
import java.util.UUID;

/** What log compaction asks about topics. Answers at once, with the newest that is durable. */
public interface CompactedTopics {
  /** Those whose cleanup policy says compact. */
  Set<UUID> ids();

  /** Of a topic that may be any. */
  CleaningSettings settings(UUID topicId);

  /** First offset that is still part of the log. */
  long logStart(PartitionId partition);
}
