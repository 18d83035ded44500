package io.sediment.lsm.lane;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One epoch of a lane's write-ahead log, open for appending: batches of all partitions gather in an
 * open slot, a slot becomes one object by one conditional put, several puts are in flight, and
 * slots are acknowledged strictly in order (invariant I1).
 *
 * <p>{@link #append}, {@link #hurry} and {@link #cut} are called under the lane's lock, one at a
 * time, and only touch memory. Acknowledgements come through the {@link Listener} without any lock
 * held.
 */
public interface WriteAheadLog {
  /**
   * Adds a batch to the open slot.
   *
   * @param partition whose batch it is; batches of a partition come in offset order without gaps
   * @param slab where the bytes lie; the log retains it until no put can read it any more
   * @param batch the finished batch (offset and epoch already assigned), a view into {@code slab}
   * @param producer what the batch does to its producer's state, null without a producer id
   * @return the slot that will carry the batch
   * @throws LaneHaltedException if this epoch has been fenced or has failed
   */
  WalSlot append(
      PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer);

  /**
   * What was appended last has been waited for: its slot waits for as little more as it can. That
   * is one put more than a log makes by itself, for each handoff and for each leadership that
   * comes.
   */
  void hurry();

  /**
   * Closes the open slot, should it hold anything, so that what is appended next goes into a later
   * one. The memtable is cut here (invariant I10).
   *
   * @return the last slot closed so far, acknowledged or not; seq 0 where nothing was ever appended
   */
  WalSlot cut();

  /** Bytes appended but not acknowledged: what back-pressure on produce goes by. */
  long unackedBytes();

  /**
   * Sends what is open and completes when all of it is acknowledged, or exceptionally when the log
   * halted first. Nothing may be appended afterwards.
   */
  CompletableFuture<Void> close();

  /**
   * Gives up this epoch at once, as when the lane learns from its manifest or its lease that it has
   * another owner: what was confirmed in order before this call is still acknowledged, then the
   * listener hears {@link Listener#onHalted} with {@code cause}; puts on their way are waited for
   * only to release their memory. Does nothing after an earlier halt or a finished close.
   */
  void halt(LaneHaltedException cause);

  /** Told of durability, one call at a time, in slot order, on threads of the log. */
  interface Listener {
    /** Every batch in {@code slot} and in all slots before it is durable. */
    void onAcked(WalSlot slot);

    /**
     * No slot after the last acknowledged one will ever be acknowledged: another owner fenced this
     * epoch, or the store holds something that cannot be there. Called at most once, last.
     */
    void onHalted(LaneHaltedException cause);
  }
}
