package io.sediment.lsm.lane;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * One partition's log in an open lane, under one leader epoch.
 *
 * <p>Offsets here are Kafka's. {@link #append} is called by one thread at a time per partition (the
 * caller holds the partition's own lock); everything else may be called from any thread.
 */
public interface LanePartition {
  PartitionId id();

  int leaderEpoch();

  /** Offset that the next appended record gets. */
  long endOffset();

  /** First offset that is not yet durable. Readers never see anything at or above it. */
  long durableOffset();

  /**
   * Appends one record batch: assigns {@link #endOffset} as its base offset and the leader epoch,
   * copies it (it may be any buffer; its position and limit are left alone) and puts it into the
   * open slot of the write-ahead log. Returns at once; durability is told to the {@link
   * PartitionListener}.
   *
   * @param batch exactly one v2 batch, already validated (CRC, counts)
   * @return the base offset assigned
   * @throws LaneBusyException if memory is used up; nothing was appended
   * @throws LaneHaltedException if the lane has stopped
   */
  long append(ByteBuffer batch);

  /**
   * Reads whole batches from the one that contains {@code offset} on, in order.
   *
   * @param maxBytes no batch is added that would exceed this, except the first one when {@code
   *     atLeastOne}
   * @param atLeastOne also waits for memory where there is none; only for callers that hold no
   *     slices, or they could wait for what they hold themselves
   * @param upTo exclusive offset bound, clipped to {@link #durableOffset}; batches that begin at or
   *     beyond it are left out
   * @return never blocks on memory reads: completed at once when the offset is in the tail. Large
   *     reads may come as regions of files, those of less than 64 KB come in memory. Fails with
   *     {@link io.sediment.lsm.CorruptObjectException} when the stored bytes are damaged, with an
   *     {@code ObjectStoreException} when the store cannot be read
   */
  CompletableFuture<BatchSlices> read(long offset, int maxBytes, boolean atLeastOne, long upTo);

  /**
   * The first offset at or above {@code fromOffset} whose record may have a timestamp ≥ {@code
   * timestamp}: the batch is found here, the record within it by the caller. Empty where no durable
   * batch has one.
   */
  CompletableFuture<OptionalLong> batchForTimestamp(long timestamp, long fromOffset);

  /**
   * Producer states as of {@link #endOffset}: appended, not necessarily durable. Loaded from the
   * newest snapshot on first use.
   */
  CompletableFuture<List<ProducerEntry>> producers();

  /**
   * Bytes stored for this partition in the lane, as far as known without reading; for
   * DescribeLogDirs and retention.bytes.
   */
  long sizeBytes();
}
