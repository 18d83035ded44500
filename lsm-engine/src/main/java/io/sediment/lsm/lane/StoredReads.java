package io.sediment.lsm.lane;

import io.sediment.lsm.scan.OldestBlocks;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/** What a partition asks for that is not (all) in memory. */
interface StoredReads {
  /** Reads on from {@code offset}, which is below {@code bound} and not in memory. */
  CompletableFuture<BatchSlices> read(
      PartitionState partition, long offset, int maxBytes, boolean atLeastOne, long bound);

  /** Searches from {@code fromOffset}, which is not in memory, up to {@code bound}. */
  CompletableFuture<OptionalLong> batchForTimestamp(
      PartitionState partition, long timestamp, long fromOffset, long bound);

  /** Loaded on first use. */
  CompletableFuture<PartitionProducers> producers(PartitionState partition);

  /** See {@link LanePartition#olderThan}; of {@code [fromOffset, bound)}. */
  CompletableFuture<OldestBlocks> olderThan(
      PartitionState partition, long fromOffset, long bound, long timestamp);

  /** See {@link LanePartition#oldest}; of {@code [fromOffset, bound)}. */
  CompletableFuture<OldestBlocks> oldest(
      PartitionState partition, long fromOffset, long bound, long bytesMax);

  /** See {@link LanePartition#bytesFrom}; what is stored is counted up to {@code bound}. */
  CompletableFuture<Long> bytesFrom(PartitionState partition, long fromOffset, long bound);

  long sizeBytes(PartitionState partition);
}
