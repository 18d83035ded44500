package io.sediment.lsm.memtable;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Gives out space in one slab at a time, shared by all partitions of a lane: ten thousand idle
 * partitions cost no slab. Thread-safe; its lock is held for a few instructions, the copying into
 * the space happens outside.
 */
public final class SlabFiller implements AutoCloseable {
  private final SlabPool pool;
  private final TailCache tailCache;
  private @Nullable Slab filling; // guarded by this

  public SlabFiller(SlabPool pool, TailCache tailCache) {
    this.pool = pool;
    this.tailCache = tailCache;
  }

  /**
   * Space for one batch.
   *
   * @param slab retained for the holder, who releases it
   * @param position of the space in the slab
   * @param view the space itself, writable
   */
  public record Space(Slab slab, int position, ByteBuffer view) {}

  /** Space of {@code size} bytes, or null where the memory budget refuses another slab. */
  public @Nullable Space allocate(int size) {
    Slab full;
    Space space;
    synchronized (this) {
      if (filling != null) {
        Space here = allocateIn(filling, size);
        if (here != null) {
          return here;
        }
      }
      Slab next = takeEvictingTail(size);
      if (next == null) {
        return null;
      }
      if (next.capacity() > pool.slabSizeBytes()) {
        full = next; // made to measure: nothing else fits into it
        next.holdUnflushed();
      } else {
        full = filling;
        filling = next;
        next.holdUnflushed();
      }
      space = allocateIn(next, size);
    }
    if (full != null) {
      leave(full);
    }
    return space;
  }

  /** Flushed data in memory gives way to data that is not yet flushed. */
  private @Nullable Slab takeEvictingTail(int size) {
    while (true) {
      Slab slab = pool.tryTake(size);
      if (slab != null || !tailCache.evictOldest()) {
        return slab;
      }
    }
  }

  private static @Nullable Space allocateIn(Slab slab, int size) {
    int position = slab.filled();
    ByteBuffer view = slab.allocate(size);
    if (view == null) {
      return null;
    }
    slab.retain();
    return new Space(slab, position, view);
  }

  private void leave(Slab slab) {
    tailCache.dropUnflushed(slab);
    slab.release();
  }

  /** Lets go of the slab being filled. */
  @Override
  public void close() {
    Slab last;
    synchronized (this) {
      last = filling;
      filling = null;
    }
    if (last != null) {
      leave(last);
    }
  }
}
