package io.sediment.lsm.memtable;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.memtable.SlabFiller.Space;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one memtable holds of one partition: an index over batches in slabs, in offset order.
 *
 * <p>A growing array of primitives, since offsets only grow: a binary search finds a batch, and a
 * batch costs {@value #STRIDE} longs. One thread appends at a time (under the lane's lock); readers
 * see the first {@link #size()} entries, which never change once published.
 */
public final class PartitionTail {
  // One entry:
  //   0  base offset
  //   1  largest timestamp in the batch
  //   2  index of the slab in the memtable (32 bits), position in the slab (32 bits)
  //   3  length in bytes (32 bits), last offset minus base offset (32 bits)
  private static final int STRIDE = 4;
  private static final int BASE_OFFSET = 0;
  private static final int MAX_TIMESTAMP = 1;
  private static final int PLACE = 2;
  private static final int EXTENT = 3;
  private static final int FIRST_CAPACITY = 2;

  private final PartitionTails owner;
  private final Memtable memtable;
  private long[] entries = new long[FIRST_CAPACITY * STRIDE]; // replaced before size is published
  private volatile int size;
  private volatile long maxTimestamp = Long.MIN_VALUE;
  private volatile long bytes;
  private @Nullable Map<Long, ProducerEntry> producers; // guarded by this

  PartitionTail(PartitionTails owner, Memtable memtable) {
    this.owner = owner;
    this.memtable = memtable;
  }

  Memtable memtable() {
    return memtable;
  }

  public PartitionTails owner() {
    return owner;
  }

  public PartitionId partition() {
    return owner.partition();
  }

  /** Adds the finished batch in {@code space}. */
  void append(Space space, int slabIndex, @Nullable ProducerEntry producer) {
    int count = size;
    if ((count + 1) * STRIDE > entries.length) {
      entries = Arrays.copyOf(entries, entries.length * 2);
    }
    ByteBuffer batch = space.view();
    long timestamp = RecordBatchLayout.maxTimestamp(batch, 0);
    int at = count * STRIDE;
    entries[at + BASE_OFFSET] = RecordBatchLayout.baseOffset(batch, 0);
    entries[at + MAX_TIMESTAMP] = timestamp;
    entries[at + PLACE] = pack(slabIndex, space.position());
    entries[at + EXTENT] = pack(batch.capacity(), RecordBatchLayout.lastOffsetDelta(batch, 0));
    bytes += batch.capacity();
    maxTimestamp = Math.max(maxTimestamp, timestamp);
    if (producer != null) {
      merge(producer);
    }
    size = count + 1;
  }

  private synchronized void merge(ProducerEntry producer) {
    if (producers == null) {
      producers = new HashMap<>();
    }
    producers.merge(producer.producerId(), producer, ProducerEntry::then);
  }

  /** Number of batches. */
  public int size() {
    return size;
  }

  public long sizeBytes() {
    return bytes;
  }

  public long baseOffset() {
    return baseOffset(0);
  }

  /** Offset after the last batch that is visible. */
  public long nextOffset() {
    return nextOffset(size - 1);
  }

  public boolean contains(long offset) {
    int count = size;
    return count > 0 && offset >= baseOffset(0) && offset < nextOffset(count - 1);
  }

  /** What the batches here do to their producers, one entry per producer. */
  public synchronized List<ProducerEntry> producerChanges() {
    return producers == null ? List.of() : List.copyOf(producers.values());
  }

  /** What the batches here do to one producer. */
  public synchronized @Nullable ProducerEntry producerChange(long producerId) {
    return producers == null ? null : producers.get(producerId);
  }

  /**
   * Entry of the batch that contains {@code offset}: the last one that begins at or below it, -1
   * where all begin above.
   */
  int find(long offset) {
    int low = 0;
    int high = size - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (baseOffset(middle) <= offset) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return high;
  }

  /**
   * First entry from {@code from} on with a timestamp at or above {@code timestamp}, {@link
   * #size()} where there is none. A walk over an array: lookups by time are rare, and the tail's
   * own maximum spares most of them.
   */
  int findTimestamp(long timestamp, int from) {
    int count = size;
    if (maxTimestamp < timestamp) {
      return count;
    }
    int entry = from;
    while (entry < count && entries[entry * STRIDE + MAX_TIMESTAMP] < timestamp) {
      entry++;
    }
    return entry;
  }

  long baseOffset(int entry) {
    return entries[entry * STRIDE + BASE_OFFSET];
  }

  long nextOffset(int entry) {
    return baseOffset(entry) + (int) entries[entry * STRIDE + EXTENT] + 1;
  }

  /** Largest timestamp of all batches here. */
  public long maxTimestamp() {
    return maxTimestamp;
  }

  int length(int entry) {
    return (int) (entries[entry * STRIDE + EXTENT] >>> 32);
  }

  int position(int entry) {
    return (int) entries[entry * STRIDE + PLACE];
  }

  /** The slab that holds the batch; gone as soon as the memtable is evicted, unless retained. */
  Slab slab(int entry) {
    return memtable.slab((int) (entries[entry * STRIDE + PLACE] >>> 32));
  }

  /**
   * Shows every batch in order. For the flush: the memtable is cut and holds its slabs, so nothing
   * can go away meanwhile.
   */
  public void forEachBatch(BatchVisitor visitor) {
    int count = size;
    for (int entry = 0; entry < count; entry++) {
      visitor.visit(slab(entry).readOnlyMemory(), position(entry), length(entry));
    }
  }

  /** Sees batches where they lie. */
  @FunctionalInterface
  public interface BatchVisitor {
    /**
     * @param memory the whole slab, the same instance for all batches in it
     */
    void visit(ByteBuffer memory, int position, int length);
  }

  private static long pack(int high, int low) {
    return ((long) high << 32) | (low & 0xffffffffL);
  }
}
