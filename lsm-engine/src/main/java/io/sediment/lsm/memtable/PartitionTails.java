package io.sediment.lsm.memtable;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.BatchSlices;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * All that is in memory of one partition: its tails in the memtables, oldest first, together one
 * gapless run of offsets up to the end. Appended to under the lane's lock; read from any thread
 * without one.
 */
public final class PartitionTails {
  private static final PartitionTail[] NONE = {};

  private final PartitionId partition;
  private volatile PartitionTail[] tails = NONE; // copy on write, under this object's monitor

  public PartitionTails(PartitionId partition) {
    this.partition = partition;
  }

  public PartitionId partition() {
    return partition;
  }

  @Nullable PartitionTail newest() {
    PartitionTail[] now = tails;
    return now.length == 0 ? null : now[now.length - 1];
  }

  synchronized void add(PartitionTail tail) {
    PartitionTail[] now = tails;
    PartitionTail[] more = new PartitionTail[now.length + 1];
    System.arraycopy(now, 0, more, 0, now.length);
    more[now.length] = tail;
    tails = more;
  }

  /** Memtables go in order, so it is nearly always the first. */
  synchronized void drop(PartitionTail tail) {
    List<PartitionTail> left = new ArrayList<>(List.of(tails));
    left.remove(tail);
    tails = left.isEmpty() ? NONE : left.toArray(NONE);
  }

  /** The tails now, oldest first. */
  public List<PartitionTail> tails() {
    return List.of(tails);
  }

  /** Bytes in memtables that are not flushed yet. */
  public long unflushedBytes() {
    long bytes = 0;
    for (PartitionTail tail : tails) {
      if (!tail.memtable().isFlushed()) {
        bytes += tail.sizeBytes();
      }
    }
    return bytes;
  }

  /** Bytes of the tails that begin at or above {@code offset}, flushed or not. */
  public long bytesFrom(long offset) {
    long bytes = 0;
    for (PartitionTail tail : tails) {
      if (tail.baseOffset() >= offset) {
        bytes += tail.sizeBytes();
      }
    }
    return bytes;
  }

  /** First offset in memory that is not flushed; {@link Long#MAX_VALUE} where there is none. */
  public long unflushedBaseOffset() {
    for (PartitionTail tail : tails) {
      if (!tail.memtable().isFlushed()) {
        return tail.baseOffset();
      }
    }
    return Long.MAX_VALUE;
  }

  /** First offset in memory; {@link Long#MAX_VALUE} where nothing is. */
  public long baseOffset() {
    PartitionTail[] now = tails;
    return now.length == 0 ? Long.MAX_VALUE : now[0].baseOffset();
  }

  /**
   * Whole batches from the one that contains {@code offset} on, as slices of slabs.
   *
   * @param maxBytes no batch is added that would exceed this, except the first one when {@code
   *     atLeastOne}
   * @param bound batches that begin at or beyond it are left out
   * @return null where {@code offset} is not in memory (any more)
   */
  public @Nullable BatchSlices read(long offset, int maxBytes, boolean atLeastOne, long bound) {
    PartitionTail[] now = tails;
    for (int i = 0; i < now.length; i++) {
      if (now[i].contains(offset)) {
        return read(now, i, offset, maxBytes, atLeastOne, bound);
      }
    }
    return null;
  }

  private static @Nullable BatchSlices read(
      PartitionTail[] tails, int first, long offset, int maxBytes, boolean atLeastOne, long bound) {
    SlabSlices slices = new SlabSlices(maxBytes, atLeastOne);
    int entry = tails[first].find(offset);
    for (int i = first; i < tails.length; i++) {
      PartitionTail tail = tails[i];
      int count = tail.size();
      for (; entry < count && tail.baseOffset(entry) < bound; entry++) {
        switch (slices.add(tail, entry)) {
          case ADDED -> {}
          case FULL -> {
            return slices.toBatchSlices();
          }
          case GONE -> {
            return slices.isEmpty() ? null : slices.toBatchSlices();
          }
        }
      }
      if (entry < count) {
        break;
      }
      entry = 0;
    }
    return slices.toBatchSlices();
  }

  /**
   * Offset of the first batch in memory, at or above {@code fromOffset}, that has a timestamp at or
   * above {@code timestamp}; of a batch that contains {@code fromOffset} it is that offset.
   */
  public OptionalLong findTimestamp(long timestamp, long fromOffset, long bound) {
    for (PartitionTail tail : tails) {
      if (tail.nextOffset() <= fromOffset) {
        continue;
      }
      int entry = tail.findTimestamp(timestamp, Math.max(0, tail.find(fromOffset)));
      if (entry < tail.size()) {
        long base = tail.baseOffset(entry);
        return base < bound ? OptionalLong.of(Math.max(base, fromOffset)) : OptionalLong.empty();
      }
    }
    return OptionalLong.empty();
  }

  /** Gathers batches, joining neighbours in one slab to one buffer. */
  private static final class SlabSlices {
    enum Outcome {
      ADDED,
      FULL,
      GONE
    }

    private final int maxBytes;
    private final boolean atLeastOne;
    private final List<ByteBuffer> buffers = new ArrayList<>();
    private final List<Slab> retained = new ArrayList<>();
    private @Nullable Slab slab;
    private int start;
    private int end;
    private int sizeBytes;
    private long nextOffset = -1;

    SlabSlices(int maxBytes, boolean atLeastOne) {
      this.maxBytes = maxBytes;
      this.atLeastOne = atLeastOne;
    }

    boolean isEmpty() {
      return nextOffset < 0;
    }

    Outcome add(PartitionTail tail, int entry) {
      int length = tail.length(entry);
      if (length > maxBytes - sizeBytes && !(atLeastOne && isEmpty())) {
        return Outcome.FULL;
      }
      Slab next = tail.slab(entry);
      int position = tail.position(entry);
      if (next != slab) {
        if (!next.tryRetain()) {
          return Outcome.GONE;
        }
        retained.add(next);
      }
      if (next != slab || position != end) {
        cutBuffer();
        slab = next;
        start = position;
      }
      end = position + length;
      sizeBytes += length;
      nextOffset = tail.nextOffset(entry);
      return Outcome.ADDED;
    }

    private void cutBuffer() {
      if (slab != null) {
        buffers.add(slab.view(start, end - start));
      }
    }

    BatchSlices toBatchSlices() {
      if (isEmpty()) {
        return BatchSlices.empty();
      }
      cutBuffer();
      return new BatchSlices(buffers, nextOffset, () -> retained.forEach(Slab::release));
    }
  }
}
