package io.sediment.lsm.memtable;

import io.sediment.lsm.memtable.SlabFiller.Space;
import io.sediment.lsm.object.ProducerEntry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The batches of one flush: tails of those partitions that got any. Life: filled under the lane's
 * lock, cut at a slot boundary, flushed as one L0, kept in the {@link TailCache}, evicted.
 *
 * <p>It keeps every slab it points into retained until it is evicted.
 */
public final class Memtable {
  private static final Slab[] NO_SLABS = {};

  private final long number;
  private final List<PartitionTail> tails = new ArrayList<>();
  private volatile Slab[] slabs = NO_SLABS; // copy on write; published before the entries using it
  private volatile long sizeBytes;
  private volatile boolean flushed;
  private int batches;

  private PartitionTail newTail(PartitionTails partition) {
    PartitionTail tail = new PartitionTail(partition, this);
    tails.add(tail);
    return tail;
  }

  /**
   * @param number counts a lane's memtables
   */
  public Memtable(long number) {
    this.number = number;
  }

  public long number() {
    return number;
  }

  /** Adds the finished batch in {@code space}, the next one of its partition. */
  public void append(PartitionTails partition, Space space, @Nullable ProducerEntry producer) {
    PartitionTail newest = partition.newest();
    if (newest != null && newest.memtable() == this) {
      newest.append(space, hold(space.slab()), producer);
    } else {
      PartitionTail tail = newTail(partition);
      tail.append(space, hold(space.slab()), producer);
      partition.add(tail);
    }
    sizeBytes += space.view().capacity();
    batches++;
  }

  /** Index of the slab here; nearly always the last one. */
  private int hold(Slab slab) {
    Slab[] held = slabs;
    for (int i = held.length - 1; i >= 0; i--) {
      if (held[i] == slab) {
        return i;
      }
    }
    slab.retain();
    slab.holdUnflushed();
    Slab[] more = Arrays.copyOf(held, held.length + 1);
    more[held.length] = slab;
    slabs = more;
    return held.length;
  }

  Slab slab(int index) {
    return slabs[index];
  }

  List<Slab> slabs() {
    return List.of(slabs);
  }

  public boolean isEmpty() {
    return batches == 0;
  }

  /** Bytes of all batches. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** The tails in partition order; call it once nothing is appended any more. */
  public List<PartitionTail> sortedTails() {
    return tails.stream().sorted(Comparator.comparing(PartitionTail::partition)).toList();
  }

  /** Number of partitions with batches here; call it once nothing is appended any more. */
  public int partitionCount() {
    return tails.size();
  }

  boolean isFlushed() {
    return flushed;
  }

  void markFlushed() {
    flushed = true;
  }

  /** Readers find none of it any more. */
  void leavePartitions() {
    for (PartitionTail tail : tails) {
      tail.owner().drop(tail);
    }
  }

  /** Lets go of the slabs; readers that have some retained are not disturbed. */
  void releaseSlabs() {
    for (Slab slab : slabs) {
      slab.release();
    }
  }
}
