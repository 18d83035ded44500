package io.sediment.compactor;

import io.sediment.lsm.PartitionId;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.ToIntFunction;
import java.util.function.ToLongFunction;

/**
 * What of a lane is still wanted, as far as that is durable: nothing that this calls dead is ever
 * asked for again.
 *
 * @param logStarts of partitions; one that is missing begins at 0
 * @param deletedTopics of which nothing is wanted
 * @param producersExpiredBeforeMs states of producers last heard of before this are let go
 * @param retentionClass of a partition, see {@link RetentionClass}
 * @param goesSoonBeforeMs of a partition: what is older goes by itself before long, so that it is
 *     not worth moving; {@link Long#MIN_VALUE} where time lets nothing go
 */
public record Liveness(
    Map<PartitionId, Long> logStarts,
    Set<UUID> deletedTopics,
    long producersExpiredBeforeMs,
    ToIntFunction<PartitionId> retentionClass,
    ToLongFunction<PartitionId> goesSoonBeforeMs) {
  /** Everything is wanted, and in one class. */
  public static final Liveness ALL =
      new Liveness(Map.of(), Set.of(), Long.MIN_VALUE, partition -> RetentionClass.FOR_EVER);

  /** Where time lets nothing go. */
  public Liveness(
      Map<PartitionId, Long> logStarts,
      Set<UUID> deletedTopics,
      long producersExpiredBeforeMs,
      ToIntFunction<PartitionId> retentionClass) {
    this(
        logStarts,
        deletedTopics,
        producersExpiredBeforeMs,
        retentionClass,
        partition -> Long.MIN_VALUE);
  }

  public Liveness {
    logStarts = Map.copyOf(logStarts);
    deletedTopics = Set.copyOf(deletedTopics);
  }

  public boolean isDeleted(PartitionId partition) {
    return deletedTopics.contains(partition.topicId());
  }

  public long logStart(PartitionId partition) {
    return logStarts.getOrDefault(partition, 0L);
  }
}
