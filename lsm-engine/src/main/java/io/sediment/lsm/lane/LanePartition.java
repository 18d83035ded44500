package io.sediment.lsm.lane;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.scan.OldestBlocks;
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
   * Adds to {@link #producers} what the lanes know together in which the partition lay before. From
   * then on this lane's snapshots have it, so that whoever is next need not look into those. What
   * all of them together say of a producer that was silent for too long is forgotten. Nothing
   * happens where the partition has left meanwhile and come back: that leadership asks anew.
   */
  CompletableFuture<Void> inheritProducers(List<ProducerEntry> older);

  /**
   * The stored blocks from the one that contains {@code fromOffset} on, up to the first one that
   * has a timestamp at or above {@code timestamp} or has none at all. What is only in memory is
   * never among them.
   */
  CompletableFuture<OldestBlocks> olderThan(long fromOffset, long timestamp);

  /** Likewise, as many as have {@code bytesMax} together. */
  CompletableFuture<OldestBlocks> oldest(long fromOffset, long bytesMax);

  /**
   * Bytes of the partition from {@code fromOffset} on, what is only in memory included; rather a
   * few too little than too much while something moves from memory to the store.
   */
  CompletableFuture<Long> bytesFrom(long fromOffset);

  /**
   * Bytes stored for this partition in the lane, as far as known without reading: rather too much
   * than too little, since what lies below the log start may count.
   */
  long sizeBytes();
}
