package io.sediment.lsm.scan;

import io.sediment.lsm.scan.Chunk.Id;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Share;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Chunks that were read, and those being read: each is loaded once however many readers want it.
 *
 * <p>Two parts of equal size, one per {@link ReadClass}: what is read to catch up never evicts what
 * tail readers share. A chunk that finds no room is handed to those who wait for it and not kept.
 * Thread-safe; futures complete outside the lock.
 */
public final class BlockCache {
  /** A chunk on its way: who gets it when it lands. Guarded by the cache. */
  private static final class Load {
    final ReadClass readClass;
    final List<CompletableFuture<Chunk>> waiters = new ArrayList<>(1);
    boolean isPaid;

    Load(ReadClass readClass) {
      this.readClass = readClass;
    }
  }

  private final MemoryBudget budget;
  private final ScanCounters counters;
  private final Map<ReadClass, WeightedLru<Id, Chunk>> parts = new EnumMap<>(ReadClass.class);
  private final Map<Id, Load> loads = new HashMap<>(); // guarded by this

  public BlockCache(MemoryBudget budget, ScanCounters counters) {
    this.budget = budget;
    this.counters = counters;
    long each = budget.largestReservation(Share.BLOCK_CACHE) / ReadClass.values().length;
    for (ReadClass readClass : ReadClass.values()) {
      parts.put(readClass, new WeightedLru<>(each)); // guarded by this
    }
  }

  /**
   * The chunk, now or as soon as it has landed; null where it is neither here nor on its way. Who
   * gets it releases it.
   *
   * @param mayWaitForMemory false for a caller that holds a chunk already: it must not wait for a
   *     load that waits for memory, perhaps for what this caller holds
   */
  @Nullable CompletableFuture<Chunk> get(Id id, boolean mayWaitForMemory) {
    synchronized (this) {
      for (WeightedLru<Id, Chunk> part : parts.values()) {
        Chunk chunk = part.get(id);
        if (chunk != null) {
          chunk.retain();
          chunk.wanted = true;
          counters.blockHits.increment();
          return CompletableFuture.completedFuture(chunk);
        }
      }
      Load load = loads.get(id);
      if (load == null || !(load.isPaid || mayWaitForMemory)) {
        return null;
      }
      counters.blockHits.increment();
      return waiter(load);
    }
  }

  /** The memory for a chunk on its way has been granted. */
  synchronized void paid(Id id) {
    Load load = loads.get(id);
    if (load != null) {
      load.isPaid = true;
    }
  }

  /** Whether the chunk is neither here nor on its way. */
  synchronized boolean isAbsent(Id id) {
    return !loads.containsKey(id) && parts.values().stream().allMatch(part -> part.get(id) == null);
  }

  /**
   * @param chunk now or as soon as it has landed; null where it must not be waited for
   * @param mustLoad it was absent: the asker must now {@link #land} or {@link #fail} it
   */
  record Lookup(@Nullable CompletableFuture<Chunk> chunk, boolean mustLoad) {}

  /**
   * Like {@link #get}, and begins a load where the chunk is absent.
   *
   * @param isPaid the asker has reserved memory for it already
   */
  Lookup getOrBegin(Id id, ReadClass readClass, boolean isPaid, boolean mayWaitForMemory) {
    synchronized (this) {
      if (!isAbsent(id)) {
        return new Lookup(get(id, mayWaitForMemory), false);
      }
      return new Lookup(waiter(newLoad(id, readClass, isPaid)), true);
    }
  }

  /** Begins a paid load with nobody waiting: true where the chunk was absent. */
  synchronized boolean begin(Id id, ReadClass readClass) {
    if (!isAbsent(id)) {
      return false;
    }
    newLoad(id, readClass, true);
    return true;
  }

  private Load newLoad(Id id, ReadClass readClass, boolean isPaid) {
    counters.blockLoads.increment();
    Load load = new Load(readClass);
    load.isPaid = isPaid;
    loads.put(id, load);
    return load;
  }

  /** Waits for a chunk that has begun to load. */
  private static CompletableFuture<Chunk> waiter(Load load) {
    CompletableFuture<Chunk> waiter = new CompletableFuture<>();
    load.waiters.add(waiter);
    return waiter;
  }

  /**
   * Ends a load with verified bytes.
   *
   * @param chargedBytes that the caller has reserved of {@link Share#READAHEAD} for it
   */
  void land(Id id, long position, ByteBuffer bytes, long chargedBytes) {
    Chunk chunk = new Chunk(id, position, bytes, chargedBytes, budget);
    boolean admitted = makeRoom(id, chargedBytes) && chunk.tryChargeToCache();
    List<CompletableFuture<Chunk>> waiters;
    synchronized (this) {
      Load load = ended(id);
      waiters = load.waiters;
      chunk.wanted = !waiters.isEmpty();
      waiters.forEach(waiter -> chunk.retain());
      if (admitted) {
        chunk.retain();
        part(load.readClass).add(id, chunk, chargedBytes);
      }
    }
    chunk.release(); // the reference it was born with
    waiters.forEach(waiter -> waiter.complete(chunk));
  }

  /**
   * Evicts until the chunk would fit. Even then others may have taken the memory, as readers still
   * hold what was evicted: then the chunk stays with those who wait for it.
   */
  private boolean makeRoom(Id id, long moreBytes) {
    List<Chunk> evicted = new ArrayList<>();
    synchronized (this) {
      Load load = loads.get(id);
      WeightedLru<Id, Chunk> part = part(load == null ? ReadClass.CATCH_UP : load.readClass);
      if (!part.couldEverHold(moreBytes)) {
        return false;
      }
      while (!part.hasRoomFor(moreBytes)) {
        Chunk eldest = part.removeEldest();
        if (eldest == null) {
          throw new IllegalStateException("cache part is empty and full: weight=" + part.weight());
        }
        evicted.add(eldest);
      }
    }
    evicted.forEach(this::release);
    return true;
  }

  private void release(Chunk evicted) {
    if (!evicted.wanted) {
      counters.readaheadEvictedUnread.increment();
    }
    evicted.release();
  }

  void fail(Id id, Throwable failure) {
    Load load;
    synchronized (this) {
      load = ended(id);
    }
    load.waiters.forEach(waiter -> waiter.completeExceptionally(failure));
  }

  private Load ended(Id id) {
    Load load = loads.remove(id);
    if (load == null) {
      throw new IllegalStateException("no such load: " + id);
    }
    return load;
  }

  private WeightedLru<Id, Chunk> part(ReadClass readClass) {
    WeightedLru<Id, Chunk> part = parts.get(readClass);
    if (part == null) {
      throw new IllegalStateException("no cache part for " + readClass);
    }
    return part;
  }

  /** Drops everything that nobody is reading. */
  public void clear() {
    List<Chunk> evicted = new ArrayList<>();
    synchronized (this) {
      for (WeightedLru<Id, Chunk> part : parts.values()) {
        for (Chunk chunk = part.removeEldest(); chunk != null; chunk = part.removeEldest()) {
          evicted.add(chunk);
        }
      }
    }
    evicted.forEach(Chunk::release);
  }

  synchronized long sizeBytes(ReadClass readClass) {
    return part(readClass).weight();
  }
}
