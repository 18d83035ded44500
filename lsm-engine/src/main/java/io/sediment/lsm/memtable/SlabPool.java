package io.sediment.lsm.memtable;

import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Share;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Hands out slabs of direct memory, each charged to the memory budget: to {@link Share#WAL} while
 * it is filled or holds unflushed batches, to {@link Share#TAIL} afterwards, to nobody when free.
 *
 * <p>It refuses instead of running out: a slab that the budget does not grant is not allocated. A
 * few free slabs are kept, since the system zeroes fresh direct memory (about 0.2 CPU seconds per
 * GB) and gives it back only with a garbage collection. Thread-safe.
 */
public final class SlabPool {
  private final MemoryBudget budget;
  private final int slabSizeBytes;
  private final int slabsKept;
  private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>(); // guarded by itself

  /**
   * @param slabSizeBytes of an ordinary slab
   * @param slabsKept how many free ones are kept for reuse
   */
  public SlabPool(MemoryBudget budget, int slabSizeBytes, int slabsKept) {
    this.budget = budget;
    this.slabSizeBytes = slabSizeBytes;
    this.slabsKept = slabsKept;
  }

  /**
   * A slab with room for at least {@code size} bytes, larger than ordinary where it must be; null
   * where the budget refuses. The caller holds its only reference.
   */
  public @Nullable Slab tryTake(int size) {
    int capacity = Math.max(size, slabSizeBytes);
    if (!budget.tryReserve(Share.WAL, capacity)) {
      return null;
    }
    try {
      return new Slab(memory(capacity), this::whenFree);
    } catch (OutOfMemoryError outOfDirectMemory) {
      budget.release(Share.WAL, capacity);
      throw outOfDirectMemory;
    }
  }

  /** Whether a slab for {@code size} bytes could ever be granted. */
  public boolean canEverTake(int size) {
    return Math.max(size, slabSizeBytes) <= budget.largestReservation(Share.WAL);
  }

  public int slabSizeBytes() {
    return slabSizeBytes;
  }

  /**
   * Moves the charge of {@code slab} from unflushed to tail memory; false, with nothing changed,
   * where the tail share is used up.
   */
  boolean tryChargeToTail(Slab slab) {
    if (slab.chargedTo() == Share.TAIL) {
      return true;
    }
    if (!budget.tryReserve(Share.TAIL, slab.capacity())) {
      return false;
    }
    slab.chargeTo(Share.TAIL);
    budget.release(Share.WAL, slab.capacity());
    return true;
  }

  private ByteBuffer memory(int capacity) {
    if (capacity == slabSizeBytes) {
      synchronized (free) {
        ByteBuffer reused = free.pollLast();
        if (reused != null) {
          return reused;
        }
      }
    }
    return ByteBuffer.allocateDirect(capacity);
  }

  /** A slab object is never used again, only its memory: a late reader cannot revive it. */
  private void whenFree(Slab slab) {
    if (slab.capacity() == slabSizeBytes) {
      synchronized (free) {
        if (free.size() < slabsKept) {
          free.addLast(slab.memory());
        }
      }
    }
    budget.release(slab.chargedTo(), slab.capacity());
  }
}
