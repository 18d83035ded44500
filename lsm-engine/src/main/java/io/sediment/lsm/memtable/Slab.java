package io.sediment.lsm.memtable;

import io.sediment.runtime.MemoryBudget.Share;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A reference-counted piece of direct memory that is filled from front to back and never changed
 * behind the fill mark. Born with one reference, held by the pool's user that fills it. One thread
 * fills at a time; any thread may retain and release.
 */
public final class Slab {
  private final ByteBuffer memory;
  private final ByteBuffer readOnlyMemory;
  private final Consumer<Slab> whenFree;
  private final AtomicInteger references = new AtomicInteger(1);
  private final AtomicInteger unflushedHolders = new AtomicInteger();
  private volatile Share chargedTo = Share.WAL;
  private int filled;

  /**
   * @param memory the whole of it is used
   * @param whenFree gets the slab back after the last release
   */
  public Slab(ByteBuffer memory, Consumer<Slab> whenFree) {
    this.memory = memory;
    this.readOnlyMemory = memory.asReadOnlyBuffer();
    this.whenFree = whenFree;
  }

  /** A writable view of the next {@code size} bytes, or null when they do not fit. */
  public @Nullable ByteBuffer allocate(int size) {
    if (size > memory.capacity() - filled) {
      return null;
    }
    ByteBuffer view = memory.slice(filled, size);
    filled += size;
    return view;
  }

  public int capacity() {
    return memory.capacity();
  }

  /** Bytes allocated so far: where the next view will begin. */
  int filled() {
    return filled;
  }

  ByteBuffer memory() {
    return memory;
  }

  /** All of it, one instance for everybody: use absolute indexes. */
  ByteBuffer readOnlyMemory() {
    return readOnlyMemory;
  }

  /** A read-only view of bytes that have been filled; valid while the slab is retained. */
  ByteBuffer view(int position, int length) {
    return readOnlyMemory.slice(position, length);
  }

  /** Which share of the memory budget pays for this slab. */
  Share chargedTo() {
    return chargedTo;
  }

  void chargeTo(Share share) {
    chargedTo = share;
  }

  /** Somebody needs these bytes until they are flushed: the filler, or a memtable. */
  void holdUnflushed() {
    unflushedHolders.incrementAndGet();
  }

  /** Undoes one {@link #holdUnflushed}; true when it was the last. */
  boolean dropUnflushed() {
    return unflushedHolders.decrementAndGet() == 0;
  }

  /**
   * Keeps the bytes alive until the matching {@link #release}. The caller must know that somebody
   * else still holds a reference.
   */
  public void retain() {
    int before = references.getAndIncrement();
    if (before <= 0) {
      throw new IllegalStateException("slab retained after its last release: references=" + before);
    }
  }

  /**
   * Like {@link #retain}, for readers that race with the last release: false when the slab is gone
   * already.
   */
  public boolean tryRetain() {
    while (true) {
      int now = references.get();
      if (now <= 0) {
        return false;
      }
      if (references.compareAndSet(now, now + 1)) {
        return true;
      }
    }
  }

  public void release() {
    int left = references.decrementAndGet();
    if (left == 0) {
      whenFree.accept(this);
    } else if (left < 0) {
      throw new IllegalStateException("slab released too often: references=" + left);
    }
  }
}
