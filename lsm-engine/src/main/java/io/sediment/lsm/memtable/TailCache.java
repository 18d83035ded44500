package io.sediment.lsm.memtable;

import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Flushed memtables that stay in memory for tail readers, oldest first, until memory is wanted:
 * what cannot be charged to the tail share makes the oldest give way.
 *
 * <p>Evicting never harms a reader: a slab's bytes stay while somebody has it retained, and who
 * comes later reads from the store. Thread-safe.
 */
public final class TailCache {
  private final SlabPool pool;
  private final ArrayDeque<Memtable> flushed = new ArrayDeque<>(); // guarded by this

  public TailCache(SlabPool pool) {
    this.pool = pool;
  }

  /** Takes over a memtable whose contents can be read from the store from now on. */
  public void add(Memtable memtable) {
    List<Slab> slabs = memtable.slabs();
    memtable.markFlushed();
    slabs.forEach(Slab::retain); // making room may evict this very memtable
    synchronized (this) {
      flushed.addLast(memtable);
    }
    for (Slab slab : slabs) {
      dropUnflushed(slab);
      slab.release();
    }
  }

  /** Drops the oldest memtable; false where there is none. */
  public boolean evictOldest() {
    Memtable oldest = takeOldest();
    if (oldest == null) {
      return false;
    }
    oldest.releaseSlabs();
    return true;
  }

  /** Drops all of them. */
  public void clear() {
    while (evictOldest()) {
      continue;
    }
  }

  /**
   * One holder needs the slab no more as unflushed data; after the last one the slab is charged to
   * the tail share. The caller has the slab retained.
   */
  void dropUnflushed(Slab slab) {
    if (slab.dropUnflushed()) {
      while (!pool.tryChargeToTail(slab) && evictOldest()) {
        continue;
      }
    }
  }

  /**
   * Under the lock to the end: were two threads to take memtables out side by side, the newer one
   * could be gone first, and whoever reads across it would skip what it held.
   */
  private synchronized @Nullable Memtable takeOldest() {
    Memtable oldest = flushed.pollFirst();
    if (oldest != null) {
      oldest.leavePartitions();
    }
    return oldest;
  }
}
