package io.sediment.lsm.scan;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.objectstore.ObjectKey;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Share;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Verified bytes of neighbouring blocks of one object, but for those that are known to be damaged.
 * Paid for until the last of its users, the cache among them, has released it.
 */
final class Chunk {
  /** Names a chunk. */
  record Id(ObjectKey object, int chunk) {}

  private final Id id;
  private final ReadClass readClass;
  private final long landedAt;
  private final long position;
  private final ByteBuffer memory;
  private final ByteBuffer bytes;
  private final long chargedBytes;
  private final MemoryBudget budget;
  private final ReadBuffers buffers;
  private final Map<Integer, CorruptObjectException> damage;
  private final AtomicInteger references = new AtomicInteger(1);
  private volatile Share chargedTo = Share.READAHEAD;

  /**
   * @param landedAt when it landed, on the cache's clock
   * @param position of the first byte in the object
   * @param memory taken from {@code buffers} and filled
   * @param damage by block, where it stays; bytes of these blocks are not to be used
   * @param chargedBytes taken from {@link Share#READAHEAD} before
   */
  Chunk(
      Id id,
      ReadClass readClass,
      long landedAt,
      long position,
      ByteBuffer memory,
      Map<Integer, CorruptObjectException> damage,
      long chargedBytes,
      MemoryBudget budget,
      ReadBuffers buffers) {
    this.id = id;
    this.readClass = readClass;
    this.landedAt = landedAt;
    this.position = position;
    this.memory = memory;
    this.bytes = memory.asReadOnlyBuffer();
    this.damage = damage;
    this.chargedBytes = chargedBytes;
    this.budget = budget;
    this.buffers = buffers;
  }

  Id id() {
    return id;
  }

  ReadClass readClass() {
    return readClass;
  }

  long landedAt() {
    return landedAt;
  }

  boolean isSound() {
    return damage.isEmpty();
  }

  /** What is wrong with a block of the chunk; null where nothing is. */
  @Nullable CorruptObjectException damageOf(int block) {
    return damage.get(block);
  }

  /** The bytes of the chunk from the given position of the object on. */
  ByteBuffer slice(long positionInObject, int length) {
    return bytes.slice(bytes.position() + (int) (positionInObject - position), length);
  }

  long chargedBytes() {
    return chargedBytes;
  }

  /** Moves the charge to the cache's share; false where that is used up. */
  boolean tryChargeToCache() {
    if (!budget.tryReserve(Share.BLOCK_CACHE, chargedBytes)) {
      return false;
    }
    chargedTo = Share.BLOCK_CACHE;
    budget.release(Share.READAHEAD, chargedBytes);
    return true;
  }

  /** One more user; the caller knows that somebody else still is one. */
  void retain() {
    if (references.getAndIncrement() <= 0) {
      throw new IllegalStateException("chunk retained after its last release: " + id);
    }
  }

  void release() {
    int left = references.decrementAndGet();
    if (left == 0) {
      buffers.giveBack(memory);
      budget.release(chargedTo, chargedBytes);
    } else if (left < 0) {
      throw new IllegalStateException("chunk released too often: " + id);
    }
  }
}
