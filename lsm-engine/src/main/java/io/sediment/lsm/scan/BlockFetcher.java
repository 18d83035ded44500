package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.scan.Chunk.Id;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ReadTarget;
import io.sediment.runtime.Failures;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.runtime.Turnstile;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets chunks out of the cache or the store. Absent neighbours are read by one GET; all bytes are
 * paid for from the readahead share before they are asked for.
 *
 * <p>Damage done on the way is healed by reading again, from the store; a block that stays damaged
 * fails with {@link CorruptObjectException}, and no other does. It is never skipped, nor kept.
 */
final class BlockFetcher {
  private static final Logger log = LoggerFactory.getLogger(BlockFetcher.class);

  /** One GET never asks for more, unless a single chunk is larger. */
  static final int GET_SIZE_BYTES_MAX = 8 << 20;

  /** A chunk that is wanted. */
  record Want(ObjectIndex index, int chunk) {
    Id id() {
      return new Id(index.key(), chunk);
    }

    int length() {
      return index.chunkLength(chunk);
    }

    /** Of the object that the bytes lie in. */
    ObjectKey dataKey() {
      return index.dataKey(chunk);
    }

    /** Of the first byte in that object. */
    long position() {
      return index.chunkPosition(chunk);
    }

    private boolean isFollowedBy(Want next) {
      return next.index.key().equals(index.key())
          && next.chunk == chunk + 1
          && index.nextChunkIsAdjacent(chunk);
    }
  }

  private final ObjectStore store;
  private final BlockCache cache;
  private final MemoryBudget budget;
  private final ScanCounters counters;
  private final Turnstile turnstile;
  private final long chargeMax;
  private final long runBytesMax;

  /**
   * @param turnstile where the bytes of each GET are paid; whoever asks for them has passed it
   */
  BlockFetcher(
      ObjectStore store,
      BlockCache cache,
      MemoryBudget budget,
      ScanCounters counters,
      Turnstile turnstile) {
    this.store = store;
    this.turnstile = turnstile;
    this.cache = cache;
    this.budget = budget;
    this.counters = counters;
    // Never more than readers alone can free again: caches do not give way to them, and a reader
    // that waited for memory in a full cache would wait for ever.
    long reserved = budget.reservedBytes(Share.READAHEAD);
    this.chargeMax = reserved > 0 ? reserved : budget.largestReservation(Share.READAHEAD);
    this.runBytesMax = Math.min(GET_SIZE_BYTES_MAX, chargeMax / 2);
  }

  /**
   * As many of the wanted chunks as memory allows, in order. A caller that holds nothing yet may
   * wait for memory, one that does may not: so no two wait for each other, and nobody for himself.
   *
   * @param mayWait the caller holds nothing: it always gets the first one, for which it waits
   * @return one future per chunk, as many as were begun; who gets a chunk releases it
   */
  List<CompletableFuture<Chunk>> demand(List<Want> wants, ReadClass readClass, boolean mayWait) {
    List<CompletableFuture<Chunk>> chunks = new ArrayList<>(wants.size());
    while (chunks.size() < wants.size()) {
      int next = chunks.size();
      CompletableFuture<Chunk> here = cache.get(wants.get(next).id(), mayWait && next == 0);
      if (here != null) {
        chunks.add(here);
        continue;
      }
      List<Want> run = run(wants, next);
      if (budget.tryReserve(Share.READAHEAD, charge(run))) {
        if (!begin(run, readClass, mayWait, chunks)) {
          break;
        }
      } else {
        if (mayWait && next == 0) {
          chunks.add(waitFor(run.get(0), readClass));
        }
        break;
      }
    }
    return chunks;
  }

  /**
   * Begins a run that is paid for, and adds its chunks to {@code chunks}; false where somebody else
   * has just begun one that waits for memory, which must not be waited for.
   */
  private boolean begin(
      List<Want> run, ReadClass readClass, boolean mayWait, List<CompletableFuture<Chunk>> chunks) {
    List<Want> ours = new ArrayList<>(run.size());
    boolean goesOn = true;
    for (Want want : run) {
      BlockCache.Lookup lookup =
          cache.getOrBegin(want.id(), readClass, true, mayWait && chunks.isEmpty());
      if (lookup.mustLoad()) {
        ours.add(want);
      }
      CompletableFuture<Chunk> chunk = lookup.chunk();
      if (chunk == null) {
        goesOn = false;
        break;
      }
      chunks.add(chunk);
    }
    giveBack(run, ours);
    load(ours);
    return goesOn;
  }

  /** The chunk, once there is memory for it. */
  private CompletableFuture<Chunk> waitFor(Want want, ReadClass readClass) {
    BlockCache.Lookup lookup = cache.getOrBegin(want.id(), readClass, false, true);
    if (lookup.mustLoad()) {
      budget
          .reserve(Share.READAHEAD, charge(want))
          .thenRun(
              () -> {
                cache.paid(want.id());
                load(List.of(want));
              });
    }
    CompletableFuture<Chunk> chunk = lookup.chunk();
    if (chunk == null) {
      throw new IllegalStateException("no chunk to wait for: " + want.id());
    }
    return chunk;
  }

  /**
   * Begins to load as many of the chunks as there is memory and room for right now; none where
   * others wait at the turnstile.
   */
  void prefetch(List<Want> wants, ReadClass readClass) {
    int next = 0;
    while (next < wants.size() && turnstile.isOpen()) {
      if (!cache.isAbsent(wants.get(next).id())) {
        next++;
        continue;
      }
      List<Want> run = run(wants, next);
      if (!budget.tryReserve(Share.READAHEAD, charge(run))) {
        return;
      }
      List<Want> ours =
          run.stream().takeWhile(it -> cache.beginAhead(it.id(), readClass, charge(it))).toList();
      giveBack(run, ours);
      load(ours);
      if (ours.size() < run.size()) {
        return; // far enough ahead
      }
      next += run.size();
    }
  }

  /** From {@code first} on, absent chunks that lie side by side. */
  private List<Want> run(List<Want> wants, int first) {
    int end = first + 1;
    long bytes = wants.get(first).length();
    while (end < wants.size()
        && wants.get(end - 1).isFollowedBy(wants.get(end))
        && bytes + wants.get(end).length() <= runBytesMax
        && cache.isAbsent(wants.get(end).id())) {
      bytes += wants.get(end).length();
      end++;
    }
    return wants.subList(first, end);
  }

  /** A single block may be larger than all there ever is to pay with. */
  private long charge(Want want) {
    return Math.min(ReadBuffers.capacity(want.length()), chargeMax);
  }

  private long charge(List<Want> run) {
    return run.stream().mapToLong(this::charge).sum();
  }

  /** The run was paid for, but somebody else was faster with some of it. */
  private void giveBack(List<Want> run, List<Want> ours) {
    if (ours.size() < run.size()) {
      budget.release(Share.READAHEAD, charge(run) - charge(ours));
    }
  }

  /** Loads chunks that have begun and are paid for, by one GET. */
  private void load(List<Want> ours) {
    if (ours.isEmpty()) {
      return;
    }
    ReadAgain.whileCorrupt(() -> readVerified(ours))
        .whenComplete(
            (chunks, failure) -> {
              for (int i = 0; i < ours.size(); i++) {
                if (chunks != null) {
                  land(ours.get(i), chunks.get(i), Map.of());
                } else if (failure != null
                    && Failures.causeOf(failure) instanceof CorruptObjectException) {
                  loadDamaged(ours.get(i));
                } else {
                  fail(ours.get(i), failure);
                }
              }
            });
  }

  /**
   * Something in the chunk, or in one beside it, is damaged for good. Blocks of other partitions
   * lie there as well: those that are sound are handed out.
   */
  private void loadDamaged(Want want) {
    read(List.of(want))
        .whenComplete(
            (chunks, failure) -> {
              if (chunks != null) {
                land(want, chunks.get(0), damage(want, chunks.get(0)));
              } else {
                fail(want, failure);
              }
            });
  }

  private static Map<Integer, CorruptObjectException> damage(Want want, ByteBuffer chunk) {
    Map<Integer, CorruptObjectException> damage = new HashMap<>();
    ObjectIndex index = want.index();
    for (int b = index.chunkFirstBlock(want.chunk()); b < index.chunkEndBlock(want.chunk()); b++) {
      try {
        verify(want, b, chunk);
      } catch (CorruptObjectException damaged) {
        damage.put(b, damaged);
      }
    }
    return damage;
  }

  /** Memory that came back with an attempt that succeeded is given back; of others it is left. */
  private CompletableFuture<List<ByteBuffer>> readVerified(List<Want> run) {
    return read(run)
        .thenApply(
            chunks -> {
              try {
                for (int i = 0; i < chunks.size(); i++) {
                  verify(run.get(i), chunks.get(i));
                }
              } catch (CorruptObjectException damaged) {
                counters.corruptReads.increment();
                log.warn("read came back damaged: {}", damaged.getMessage());
                chunks.forEach(cache.buffers()::giveBack);
                throw damaged;
              }
              return chunks;
            });
  }

  /** The bytes of each chunk of the run, as many as there are. */
  private CompletableFuture<List<ByteBuffer>> read(List<Want> run) {
    ObjectKey key = run.get(0).dataKey();
    AtomicReference<List<ByteBuffer>> memory = new AtomicReference<>(List.of()); // last attempt's
    counters.gets.increment();
    long bytes = run.stream().mapToLong(Want::length).sum();
    counters.getBytes.add(bytes);
    turnstile.pay(bytes);
    return store
        .read(
            key,
            run.get(0).position(),
            () -> {
              List<ByteBuffer> taken =
                  run.stream().map(want -> cache.buffers().take(want.length())).toList();
              memory.set(taken);
              return new ReadTarget(taken);
            })
        .thenApply(
            found -> {
              found.orElseThrow(() -> new ObjectGoneException(key));
              List<ByteBuffer> filled = Objects.requireNonNull(memory.get());
              filled.forEach(ByteBuffer::flip);
              return filled;
            });
  }

  private static void verify(Want want, ByteBuffer chunk) {
    ObjectIndex index = want.index();
    for (int b = index.chunkFirstBlock(want.chunk()); b < index.chunkEndBlock(want.chunk()); b++) {
      verify(want, b, chunk);
    }
  }

  private static void verify(Want want, int block, ByteBuffer chunk) {
    ObjectIndex index = want.index();
    long from = index.position(block) - want.position();
    if (from + index.length(block) > chunk.limit()) {
      throw new CorruptObjectException(
          "read ends early: key="
              + want.dataKey()
              + " position="
              + want.position()
              + " bytes="
              + chunk.limit()
              + " "
              + index.block(block));
    }
    SortedObjectReader.verifyBlock(
        want.dataKey(), index.block(block), chunk.slice((int) from, index.length(block)));
  }

  private void land(Want want, ByteBuffer bytes, Map<Integer, CorruptObjectException> damage) {
    cache.land(want.id(), want.position(), bytes, damage, charge(want));
  }

  private void fail(Want want, @Nullable Throwable failure) {
    budget.release(Share.READAHEAD, charge(want));
    cache.fail(
        want.id(),
        failure != null ? Failures.causeOf(failure) : new IllegalStateException("no bytes"));
  }
}
