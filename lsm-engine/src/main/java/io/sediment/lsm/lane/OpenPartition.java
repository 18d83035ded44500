package io.sediment.lsm.lane;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.scan.OldestBlocks;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/** A partition under one leader epoch: what the lane hands to the partition's owner. */
final class OpenPartition implements LanePartition {
  private final PartitionState state;
  private final int leaderEpoch;
  private final PartitionListener listener;
  private final LaneWriter writer;
  private final StoredReads stored;
  private final int stay;

  /** Completes with the end offset once the partition is closed and all of it durable. */
  final CompletableFuture<Long> drained = new CompletableFuture<>();

  volatile boolean closing; // written under the lane's lock

  private boolean goesOn; // guarded by the lane's lock: nothing was appended yet, here

  OpenPartition(
      PartitionState state,
      int leaderEpoch,
      PartitionListener listener,
      LaneWriter writer,
      StoredReads stored) {
    this.state = state;
    this.leaderEpoch = leaderEpoch;
    this.listener = listener;
    this.writer = writer;
    this.stored = stored;
    this.stay = state.stay();
    this.goesOn = state.endOffset > 0;
  }

  /**
   * Whether this batch is the first one of a leadership that goes on where another one ended. Once.
   */
  boolean isFirstBatch() {
    boolean isFirst = goesOn;
    goesOn = false;
    return isFirst;
  }

  PartitionState state() {
    return state;
  }

  /** An acknowledgement reached this partition. */
  void onDurable(long durableOffset) {
    listener.onDurable(durableOffset);
    if (closing) {
      completeWhenDrained();
    }
  }

  void completeWhenDrained() {
    long endOffset = state.endOffset;
    if (state.durableOffset == endOffset) {
      drained.complete(endOffset);
    }
  }

  void onHalted(LaneHaltedException cause) {
    listener.onHalted(cause);
    drained.completeExceptionally(cause);
  }

  @Override
  public PartitionId id() {
    return state.id();
  }

  @Override
  public int leaderEpoch() {
    return leaderEpoch;
  }

  @Override
  public long endOffset() {
    return state.endOffset;
  }

  @Override
  public long durableOffset() {
    return state.durableOffset;
  }

  @Override
  public long append(ByteBuffer batch) {
    return writer.append(this, batch);
  }

  @Override
  public CompletableFuture<BatchSlices> read(
      long offset, int maxBytes, boolean atLeastOne, long upTo) {
    long bound = Math.min(upTo, state.durableOffset);
    if (offset >= bound) {
      return CompletableFuture.completedFuture(BatchSlices.empty());
    }
    BatchSlices inMemory = state.tails().read(offset, maxBytes, atLeastOne, bound);
    return inMemory != null
        ? CompletableFuture.completedFuture(inMemory)
        : stored.read(state, offset, maxBytes, atLeastOne, bound);
  }

  @Override
  public CompletableFuture<OptionalLong> batchForTimestamp(long timestamp, long fromOffset) {
    long bound = state.durableOffset;
    if (fromOffset >= bound) {
      return CompletableFuture.completedFuture(OptionalLong.empty());
    }
    OptionalLong inMemory = state.tails().findTimestamp(timestamp, fromOffset, bound);
    // Asked last: memory is left from the front, so what is there now was there all the while.
    return fromOffset >= state.tails().baseOffset()
        ? CompletableFuture.completedFuture(inMemory)
        : stored.batchForTimestamp(state, timestamp, fromOffset, bound);
  }

  @Override
  public CompletableFuture<List<ProducerEntry>> producers() {
    return stored.producers(state).thenApply(loaded -> loaded.appended(state.tails()));
  }

  @Override
  public CompletableFuture<Void> inheritProducers(List<ProducerEntry> older) {
    return stored.producers(state).thenAccept(loaded -> state.inherit(stay, older));
  }

  @Override
  public CompletableFuture<OldestBlocks> olderThan(long fromOffset, long timestamp) {
    return stored.olderThan(state, fromOffset, endOffset(), timestamp);
  }

  @Override
  public CompletableFuture<OldestBlocks> oldest(long fromOffset, long bytesMax) {
    return stored.oldest(state, fromOffset, endOffset(), bytesMax);
  }

  @Override
  public CompletableFuture<Long> bytesFrom(long fromOffset) {
    return stored.bytesFrom(state, fromOffset, endOffset());
  }

  @Override
  public long sizeBytes() {
    return stored.sizeBytes(state);
  }
}
