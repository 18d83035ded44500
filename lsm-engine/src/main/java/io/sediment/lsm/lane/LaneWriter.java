package io.sediment.lsm.lane;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.memtable.Memtable;
import io.sediment.lsm.memtable.PartitionTail;
import io.sediment.lsm.memtable.SlabFiller;
import io.sediment.lsm.memtable.SlabFiller.Space;
import io.sediment.lsm.memtable.TailCache;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The write path: batches into slab, partition tail and write-ahead log; acknowledgements back out
 * to the partitions' listeners.
 *
 * <p>One lock, the lane's lock, makes these three steps one, so that a memtable can be cut exactly
 * at a slot boundary (I10). Under it memory is touched and nothing else: no I/O, no checksum, no
 * copying of batches, no listener. Per partition the order of batches is the caller's.
 */
final class LaneWriter implements WriteAheadLog.Listener {
  /** A memtable that is full to be flushed, and the slot that must be acknowledged first. */
  record Cut(Memtable memtable, WalSlot slot) {}

  /** What the write path tells the flush. Called without the lane's lock. */
  interface FlushTrigger {
    /** A memtable got its first batch. */
    void onFirstBatch(long memtable);

    /** The active memtable has reached the size to be flushed. */
    void onFull();

    /** Memory for unflushed data is used up. */
    void onMemoryPressure();

    /** All slots up to {@code slot} are durable. */
    void onAcked(WalSlot slot);

    void onHalted(LaneHaltedException cause);
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final SlabFiller filler;
  private final long flushBytes;
  private final FlushTrigger trigger;
  private final ConcurrentMap<PartitionId, PartitionState> partitions; // added to under lock
  private final InstantSource clock;
  private final ArrayDeque<SlotTouches> unacked = new ArrayDeque<>(); // guarded by lock
  private Memtable active = new Memtable(1); // guarded by lock
  private @Nullable WriteAheadLog log; // guarded by lock
  private @Nullable LaneHaltedException halted; // guarded by lock
  private volatile WalSlot ackedSlot = WalSlot.NONE; // by one acknowledgement at a time
  private boolean isHalfWay; // guarded by lock: set for good when an append breaks off

  LaneWriter(
      SlabFiller filler,
      long flushBytes,
      FlushTrigger trigger,
      ConcurrentMap<PartitionId, PartitionState> partitions,
      InstantSource clock) {
    this.filler = filler;
    this.flushBytes = flushBytes;
    this.trigger = trigger;
    this.partitions = partitions;
    this.clock = clock;
  }

  /** Connects the log whose listener this is; before the first append. */
  void start(WriteAheadLog opened) {
    lock.lock();
    try {
      log = opened;
    } finally {
      lock.unlock();
    }
  }

  long append(OpenPartition partition, ByteBuffer batch) {
    PartitionState state = partition.state();
    int size = checkedSize(state.id(), batch);
    Space space = filler.allocate(size);
    if (space == null) {
      trigger.onMemoryPressure();
      throw new LaneBusyException(
          "memory for unflushed data is used up: partition=" + state.id() + " batchBytes=" + size);
    }
    try {
      // Outside the lock: many network threads copy at once.
      space.view().put(0, batch, batch.position(), size);
      long baseOffset = state.endOffset; // the caller appends to this partition one at a time
      RecordBatchLayout.assign(space.view(), 0, baseOffset, partition.leaderEpoch());
      ProducerEntry change =
          ProducerChange.of(space.view(), clock.millis(), id -> openTxn(state, id));
      appendOrHalt(partition, space, change);
      return baseOffset;
    } finally {
      space.slab().release();
    }
  }

  /**
   * Where an append breaks off (no heap, say), the log may have the batch and memory not: the next
   * one would get its offsets again. So nothing more is appended, and the next owner goes by the
   * log alone.
   */
  private void appendOrHalt(OpenPartition partition, Space space, @Nullable ProducerEntry change) {
    try {
      append(partition, space, change);
    } catch (LaneHaltedException refused) {
      throw refused;
    } catch (RuntimeException | Error e) {
      LaneHaltedException cause =
          new LaneHaltedException("append broke off: partition=" + partition.id(), e);
      halt(cause);
      throw cause;
    }
  }

  private void append(OpenPartition partition, Space space, @Nullable ProducerEntry change) {
    PartitionState state = partition.state();
    long memtable;
    boolean isFirst;
    boolean isFull;
    lock.lock();
    try {
      WriteAheadLog wal = checkedLog();
      if (partition.closing || state.open != partition) {
        throw new LaneHaltedException("partition is closed: " + state.id());
      }
      isHalfWay = true;
      WalSlot slot;
      try {
        slot = wal.append(state.id(), space.slab(), space.view(), change);
      } catch (LaneHaltedException refused) {
        isHalfWay = false; // it took nothing
        throw refused;
      }
      memtable = active.number();
      isFirst = active.isEmpty();
      boolean wasFull = active.sizeBytes() >= flushBytes;
      active.append(state.tails(), space, change);
      isFull = !wasFull && active.sizeBytes() >= flushBytes;
      long endOffset = RecordBatchLayout.lastOffset(space.view(), 0) + 1;
      touches(slot).touch(state, endOffset);
      if (partition.isFirstBatch()) {
        wal.hurry();
      }
      state.endOffset = endOffset;
      isHalfWay = false;
    } finally {
      lock.unlock();
    }
    if (isFirst) {
      trigger.onFirstBatch(memtable);
    }
    if (isFull) {
      trigger.onFull();
    }
  }

  private SlotTouches touches(WalSlot slot) {
    SlotTouches last = unacked.peekLast();
    if (last == null || !last.slot().equals(slot)) {
      last = new SlotTouches(slot);
      unacked.addLast(last);
    }
    return last;
  }

  /** The front end has validated the batch; this keeps a mistake there from reaching the store. */
  private static int checkedSize(PartitionId partition, ByteBuffer batch) {
    int size = batch.remaining();
    if (size < RecordBatchLayout.HEADER_SIZE
        || RecordBatchLayout.sizeInBytes(batch, batch.position()) != size
        || RecordBatchLayout.lastOffsetDelta(batch, batch.position()) < 0) {
      throw new IllegalArgumentException(
          "not one whole batch: partition=" + partition + " bytes=" + size);
    }
    return size;
  }

  private static long openTxn(PartitionState state, long producerId) {
    List<PartitionTail> tails = state.tails().tails();
    for (int i = tails.size() - 1; i >= 0; i--) {
      ProducerEntry change = tails.get(i).producerChange(producerId);
      if (change != null) {
        return change.txnFirstOffset();
      }
    }
    return ProducerEntry.NO_OPEN_TXN;
  }

  /**
   * Ends the active memtable at a slot boundary and begins the next one; null when it holds
   * nothing.
   */
  @Nullable Cut cut() {
    lock.lock();
    try {
      return cut(active.number());
    } finally {
      lock.unlock();
    }
  }

  /** The same, unless the active memtable is another one by now. */
  @Nullable Cut cut(long memtable) {
    lock.lock();
    try {
      if (active.number() != memtable
          || active.isEmpty()
          || isHalfWay
          || halted != null
          || log == null) {
        return null;
      }
      Cut cut = new Cut(active, log.cut());
      active = new Memtable(memtable + 1);
      return cut;
    } finally {
      lock.unlock();
    }
  }

  /** The newest that was acknowledged; none at first. */
  WalSlot ackedSlot() {
    return ackedSlot;
  }

  /** Bytes in the memtable being filled. */
  long activeBytes() {
    lock.lock();
    try {
      return active.sizeBytes();
    } finally {
      lock.unlock();
    }
  }

  long unackedBytes() {
    lock.lock();
    try {
      return log == null ? 0 : log.unackedBytes();
    } finally {
      lock.unlock();
    }
  }

  /** End offset of every partition the lane knows. */
  Map<PartitionId, Long> endOffsets() {
    Map<PartitionId, Long> endOffsets = new HashMap<>();
    partitions.values().forEach(state -> endOffsets.put(state.id(), state.endOffset));
    return endOffsets;
  }

  OpenPartition open(
      PartitionId id,
      int leaderEpoch,
      long startOffset,
      PartitionListener listener,
      StoredReads stored) {
    lock.lock();
    try {
      if (halted != null) {
        throw new LaneHaltedException("lane has stopped: " + halted.getMessage(), halted);
      }
      PartitionState state = partitions.get(id);
      if (state == null) {
        state = new PartitionState(id, startOffset, 0);
        partitions.put(id, state);
      }
      OpenPartition before = state.open;
      boolean isDrained = before == null || before.drained.isDone();
      if (isDrained && startOffset > state.endOffset) {
        isDrained = state.comeBackAt(startOffset);
      }
      if (state.endOffset != startOffset || !isDrained) {
        throw new IllegalStateException(
            "partition cannot be opened: partition="
                + id
                + " leaderEpoch="
                + leaderEpoch
                + " startOffset="
                + startOffset
                + " endOffset="
                + state.endOffset
                + (before == null ? "" : " openUnder=" + before.leaderEpoch()));
      }
      OpenPartition opened = new OpenPartition(state, leaderEpoch, listener, this, stored);
      state.open = opened;
      return opened;
    } finally {
      lock.unlock();
    }
  }

  /** Whether a flush is due before the partition can be opened there. */
  boolean comesBackAboveUnflushed(PartitionId id, long startOffset) {
    lock.lock();
    try {
      PartitionState state = partitions.get(id);
      return state != null && startOffset > state.endOffset && state.tails().unflushedBytes() > 0;
    } finally {
      lock.unlock();
    }
  }

  /** Stops appends at once; see {@link OpenPartition#drained}. Null where it is not open. */
  @Nullable OpenPartition close(PartitionId id) {
    OpenPartition open;
    lock.lock();
    try {
      PartitionState state = partitions.get(id);
      open = state == null ? null : state.open;
      if (open != null) {
        open.closing = true;
      }
    } finally {
      lock.unlock();
    }
    if (open != null) {
      open.completeWhenDrained();
    }
    return open;
  }

  @Override
  public void onAcked(WalSlot slot) {
    List<SlotTouches> acked = new ArrayList<>(1);
    lock.lock();
    try {
      while (!unacked.isEmpty() && unacked.peekFirst().slot().compareTo(slot) <= 0) {
        acked.add(unacked.removeFirst());
      }
    } finally {
      lock.unlock();
    }
    acked.forEach(SlotTouches::acknowledge);
    ackedSlot = slot;
    trigger.onAcked(slot);
  }

  @Override
  public void onHalted(LaneHaltedException cause) {
    List<OpenPartition> open = new ArrayList<>();
    lock.lock();
    try {
      if (halted != null) {
        return;
      }
      halted = cause;
      unacked.clear();
      for (PartitionState state : partitions.values()) {
        OpenPartition partition = state.open;
        if (partition != null && !partition.drained.isDone()) {
          open.add(partition);
        }
      }
    } finally {
      lock.unlock();
    }
    trigger.onHalted(cause);
    open.forEach(partition -> partition.onHalted(cause));
  }

  /** Gives up the epoch: the log tells {@link #onHalted} when its last acknowledgement is out. */
  void halt(LaneHaltedException cause) {
    WriteAheadLog wal;
    lock.lock();
    try {
      wal = log;
    } finally {
      lock.unlock();
    }
    if (wal != null) {
      wal.halt(cause);
    }
  }

  /** Sends what is open and waits for its acknowledgement; nothing can be appended afterwards. */
  CompletableFuture<Void> closeLog() {
    WriteAheadLog wal;
    lock.lock();
    try {
      wal = log;
    } finally {
      lock.unlock();
    }
    return wal == null ? CompletableFuture.completedFuture(null) : wal.close();
  }

  /** After the end: what was never flushed is given up. */
  void dropMemtables(TailCache tailCache) {
    Memtable last;
    lock.lock();
    try {
      last = active;
      active = new Memtable(last.number() + 1);
    } finally {
      lock.unlock();
    }
    tailCache.add(last);
  }

  private WriteAheadLog checkedLog() {
    if (halted != null) {
      throw new LaneHaltedException("lane has stopped: " + halted.getMessage(), halted);
    }
    if (isHalfWay) {
      throw new LaneHaltedException("lane is stopping: an append broke off");
    }
    if (log == null) {
      throw new IllegalStateException("lane has no log yet");
    }
    return log;
  }
}
