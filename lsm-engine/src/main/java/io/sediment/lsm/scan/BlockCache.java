package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
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
 * <p>Three parts of equal size. One per {@link ReadClass}, so that what is read to catch up never
 * evicts what tail readers share. And one for what was read ahead and nobody has wanted yet: it is
 * bounded by not reading further ahead, since to evict it before its reader comes is to read
 * everything twice. A chunk that finds no room is handed to those who wait for it and not kept.
 * Thread-safe; futures complete and memory is given back outside the lock.
 */
public final class BlockCache {
  private static final int PARTS = ReadClass.values().length + 1;

  /** What was read ahead counts as given up when so many times the part's size was read since. */
  private static final int GIVEN_UP_AFTER = 8;

  private static final long BUFFERS_KEPT_BYTES_MAX = 16 << 20;

  /** A chunk on its way: who gets it when it lands. Guarded by the cache. */
  private static final class Load {
    final ReadClass readClass;
    final List<CompletableFuture<Chunk>> waiters = new ArrayList<>(1);
    final long aheadBytes;
    boolean isPaid;

    /**
     * @param aheadBytes for a load that nobody waited for when it began; else 0
     */
    Load(ReadClass readClass, boolean isPaid, long aheadBytes) {
      this.readClass = readClass;
      this.isPaid = isPaid;
      this.aheadBytes = aheadBytes;
    }
  }

  private final MemoryBudget budget;
  private final ScanCounters counters;
  private final long partBytes;
  private final ReadBuffers buffers;
  private final Map<ReadClass, WeightedLru<Id, Chunk>> wanted = // guarded by this
      new EnumMap<>(ReadClass.class);
  private final WeightedLru<Id, Chunk> ahead; // guarded by this
  private final Map<Id, Load> loads = new HashMap<>(); // guarded by this
  private long aheadLoadingBytes; // guarded by this
  private long landedBytes; // guarded by this: the clock of this cache

  public BlockCache(MemoryBudget budget, ScanCounters counters) {
    this.budget = budget;
    this.counters = counters;
    this.partBytes = budget.largestReservation(Share.BLOCK_CACHE) / PARTS;
    this.buffers = new ReadBuffers(Math.min(BUFFERS_KEPT_BYTES_MAX, partBytes));
    this.ahead = new WeightedLru<>(partBytes);
    for (ReadClass readClass : ReadClass.values()) {
      wanted.put(readClass, new WeightedLru<>(partBytes));
    }
  }

  /** Memory for chunks that are to {@link #land}. */
  ReadBuffers buffers() {
    return buffers;
  }

  /** Size of the part that one class of readers has. */
  long partBytes() {
    return partBytes;
  }

  /**
   * The chunk, now or as soon as it has landed; null where it is neither here nor on its way. Who
   * gets it releases it.
   *
   * @param mayWaitForMemory false for a caller that holds a chunk already: it must not wait for a
   *     load that waits for memory, perhaps for what this caller holds
   */
  @Nullable CompletableFuture<Chunk> get(Id id, boolean mayWaitForMemory) {
    List<Chunk> evicted = new ArrayList<>(0);
    CompletableFuture<Chunk> result;
    synchronized (this) {
      Chunk chunk = findWanted(id, evicted);
      result =
          chunk != null ? CompletableFuture.completedFuture(chunk) : join(id, mayWaitForMemory);
      if (result != null) {
        counters.blockHits.increment();
      }
    }
    evicted.forEach(Chunk::release);
    return result;
  }

  /** The chunk, retained for the caller; one that was read ahead moves over to the wanted ones. */
  private @Nullable Chunk findWanted(Id id, List<Chunk> evicted) {
    for (WeightedLru<Id, Chunk> part : wanted.values()) {
      Chunk chunk = part.get(id);
      if (chunk != null) {
        chunk.retain();
        return chunk;
      }
    }
    Chunk chunk = ahead.remove(id);
    if (chunk == null) {
      return null;
    }
    chunk.retain();
    WeightedLru<Id, Chunk> part = part(chunk.readClass());
    if (part.couldEverHold(chunk.chargedBytes())) {
      evictFor(chunk.chargedBytes(), part, evicted);
      part.add(id, chunk, chunk.chargedBytes());
    } else {
      evicted.add(chunk);
    }
    return chunk;
  }

  private @Nullable CompletableFuture<Chunk> join(Id id, boolean mayWaitForMemory) {
    Load load = loads.get(id);
    return load == null || !(load.isPaid || mayWaitForMemory) ? null : waiter(load);
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
    return !loads.containsKey(id)
        && ahead.get(id) == null
        && wanted.values().stream().allMatch(part -> part.get(id) == null);
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
      if (isAbsent(id)) {
        return new Lookup(waiter(newLoad(id, readClass, isPaid, 0)), true);
      }
    }
    return new Lookup(get(id, mayWaitForMemory), false);
  }

  /**
   * Begins a paid load with nobody waiting: true where the chunk was absent and not too much has
   * been read ahead already.
   */
  boolean beginAhead(Id id, ReadClass readClass, long bytes) {
    List<Chunk> givenUp = new ArrayList<>(0);
    boolean begins;
    synchronized (this) {
      dropGivenUp(givenUp);
      begins = isAbsent(id) && ahead.hasRoomFor(aheadLoadingBytes + bytes);
      if (begins) {
        newLoad(id, readClass, true, bytes);
        aheadLoadingBytes += bytes;
      }
    }
    givenUp.forEach(Chunk::release);
    return begins;
  }

  /** Readers that went away would otherwise hold what was read ahead for them for ever. */
  private void dropGivenUp(List<Chunk> givenUp) {
    Chunk eldest = ahead.eldest();
    while (eldest != null && landedBytes - eldest.landedAt() > GIVEN_UP_AFTER * partBytes) {
      ahead.removeEldest();
      counters.readaheadEvictedUnread.increment();
      givenUp.add(eldest);
      eldest = ahead.eldest();
    }
  }

  private Load newLoad(Id id, ReadClass readClass, boolean isPaid, long aheadBytes) {
    counters.blockLoads.increment();
    Load load = new Load(readClass, isPaid, aheadBytes);
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
   * @param bytes in memory of {@link #buffers}
   * @param damage by block; a chunk with some is handed out and not kept
   * @param chargedBytes that the caller has reserved of {@link Share#READAHEAD} for it
   */
  void land(
      Id id,
      long position,
      ByteBuffer bytes,
      Map<Integer, CorruptObjectException> damage,
      long chargedBytes) {
    Landing landing = makeRoom(id, position, bytes, damage, chargedBytes);
    Chunk chunk = landing.chunk();
    landing.evicted().forEach(Chunk::release);
    // Even with room here others may have taken the memory, as readers still hold what was evicted:
    // then the chunk stays with those who wait for it.
    boolean isKept = landing.hasRoom() && chunk.isSound() && chunk.tryChargeToCache();
    List<CompletableFuture<Chunk>> waiters;
    synchronized (this) {
      Load load = ended(id);
      waiters = load.waiters;
      waiters.forEach(waiter -> chunk.retain());
      if (isKept) {
        chunk.retain();
        // Somebody may have come to wait since room was made in the other part: no harm done.
        (waiters.isEmpty() ? ahead : part(load.readClass)).add(id, chunk, chargedBytes);
      }
    }
    chunk.release(); // the reference it was born with
    waiters.forEach(waiter -> waiter.complete(chunk));
  }

  private record Landing(Chunk chunk, boolean hasRoom, List<Chunk> evicted) {}

  private synchronized Landing makeRoom(
      Id id,
      long position,
      ByteBuffer bytes,
      Map<Integer, CorruptObjectException> damage,
      long chargedBytes) {
    Load load = loads.get(id);
    if (load == null) {
      throw new IllegalStateException("no such load: " + id);
    }
    landedBytes += chargedBytes;
    Chunk chunk =
        new Chunk(
            id,
            load.readClass,
            landedBytes,
            position,
            bytes,
            damage,
            chargedBytes,
            budget,
            buffers);
    WeightedLru<Id, Chunk> part = load.waiters.isEmpty() ? ahead : part(load.readClass);
    List<Chunk> evicted = new ArrayList<>(0);
    boolean fits = part.couldEverHold(chargedBytes);
    if (fits) {
      evictFor(chargedBytes, part, evicted);
    }
    return new Landing(chunk, fits, evicted);
  }

  private static void evictFor(long moreBytes, WeightedLru<Id, Chunk> part, List<Chunk> evicted) {
    while (!part.hasRoomFor(moreBytes)) {
      Chunk eldest = part.removeEldest();
      if (eldest == null) {
        throw new IllegalStateException("cache part is empty and full: weight=" + part.weight());
      }
      evicted.add(eldest);
    }
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
    aheadLoadingBytes -= load.aheadBytes;
    return load;
  }

  private WeightedLru<Id, Chunk> part(ReadClass readClass) {
    WeightedLru<Id, Chunk> part = wanted.get(readClass);
    if (part == null) {
      throw new IllegalStateException("no cache part for " + readClass);
    }
    return part;
  }

  /** Drops everything that nobody is reading. */
  public void clear() {
    List<Chunk> dropped = new ArrayList<>();
    synchronized (this) {
      wanted.values().forEach(part -> drain(part, dropped));
      drain(ahead, dropped);
    }
    dropped.forEach(Chunk::release);
  }

  private static void drain(WeightedLru<Id, Chunk> part, List<Chunk> to) {
    for (Chunk chunk = part.removeEldest(); chunk != null; chunk = part.removeEldest()) {
      to.add(chunk);
    }
  }

  synchronized long sizeBytes(ReadClass readClass) {
    return part(readClass).weight();
  }

  /** Bytes read ahead that nobody has wanted yet. */
  synchronized long aheadBytes() {
    return ahead.weight();
  }
}
