package io.sediment.lsm.lane;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A write-ahead log without a store: slots close and are acknowledged when the test says so. The
 * owner of the test calls {@link #closeSlot} and {@link #ack}, or leaves it to {@link
 * FakeWriteAheadLogs}.
 */
public final class FakeWriteAheadLog implements WriteAheadLog {
  /** One batch in a slot. */
  public record Entry(
      PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer) {}

  private final long epoch;
  private final Listener listener;
  private final Runnable onAppend;
  private final ArrayDeque<List<Entry>> closed = new ArrayDeque<>(); // guarded by this
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private List<Entry> open = new ArrayList<>(); // guarded by this
  private long lastClosedSeq; // guarded by this
  private long lastAckedSeq; // guarded by this
  private long unackedBytes; // guarded by this
  private int hurries; // guarded by this
  private boolean closing; // guarded by this
  private boolean acking; // guarded by this: acknowledgements come one at a time
  private @Nullable LaneHaltedException halted; // guarded by this
  private boolean haltTold; // guarded by this

  FakeWriteAheadLog(long epoch, Listener listener, Runnable onAppend) {
    this.epoch = epoch;
    this.listener = listener;
    this.onAppend = onAppend;
  }

  @Override
  public WalSlot append(
      PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer) {
    WalSlot slot;
    synchronized (this) {
      if (halted != null || closing) {
        throw new LaneHaltedException("log is closed or halted: epoch=" + epoch);
      }
      slab.retain();
      open.add(new Entry(partition, slab, batch, producer));
      unackedBytes += batch.remaining();
      slot = new WalSlot(epoch, lastClosedSeq + 1);
    }
    onAppend.run();
    return slot;
  }

  @Override
  public synchronized void hurry() {
    hurries++;
  }

  /** How often it was told that somebody waits for what was appended last. */
  public synchronized int hurries() {
    return hurries;
  }

  @Override
  public synchronized WalSlot cut() {
    closeSlot();
    return new WalSlot(epoch, lastClosedSeq);
  }

  /** Closes the open slot; false where it is empty. */
  public synchronized boolean closeSlot() {
    if (open.isEmpty()) {
      return false;
    }
    closed.add(open);
    open = new ArrayList<>();
    lastClosedSeq++;
    return true;
  }

  /** Slots that are closed and not acknowledged. */
  public synchronized int waiting() {
    return closed.size();
  }

  /** Acknowledges up to {@code count} closed slots, in order. */
  public void ack(int count) {
    synchronized (this) {
      if (acking) {
        return;
      }
      acking = true;
    }
    for (int i = 0; i < count; i++) {
      WalSlot slot = ackNext();
      if (slot == null) {
        break;
      }
      listener.onAcked(slot);
    }
    boolean tellHalt;
    synchronized (this) {
      acking = false;
      tellHalt = halted != null && !haltTold;
      haltTold |= tellHalt;
    }
    if (tellHalt) {
      tellHalted();
    }
    completeWhenDrained();
  }

  private synchronized @Nullable WalSlot ackNext() {
    if (closed.isEmpty() || halted != null) {
      return null;
    }
    for (Entry entry : closed.removeFirst()) {
      unackedBytes -= entry.batch().remaining();
      entry.slab().release();
    }
    return new WalSlot(epoch, ++lastAckedSeq);
  }

  /** Closes what is open and acknowledges everything. */
  public void ackAll() {
    closeSlot();
    ack(Integer.MAX_VALUE);
  }

  @Override
  public synchronized long unackedBytes() {
    return unackedBytes;
  }

  @Override
  public CompletableFuture<Void> close() {
    synchronized (this) {
      closing = true;
      closeSlot();
    }
    onAppend.run();
    completeWhenDrained();
    return drained;
  }

  private void completeWhenDrained() {
    synchronized (this) {
      if (!closing || !closed.isEmpty() || halted != null) {
        return;
      }
    }
    drained.complete(null);
  }

  @Override
  public void halt(LaneHaltedException cause) {
    synchronized (this) {
      if (halted != null || drained.isDone()) {
        return;
      }
      halted = cause;
      closeSlot();
      closed.forEach(slot -> slot.forEach(entry -> entry.slab().release()));
      closed.clear();
      if (acking) {
        return; // told by the thread that acknowledges
      }
      haltTold = true;
    }
    tellHalted();
  }

  private void tellHalted() {
    LaneHaltedException cause;
    synchronized (this) {
      cause = halted;
    }
    if (cause != null) {
      listener.onHalted(cause);
      drained.completeExceptionally(cause);
    }
  }
}
