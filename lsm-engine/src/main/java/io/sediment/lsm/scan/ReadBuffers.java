package io.sediment.lsm.scan;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Direct memory for chunks, used again: fresh memory has to be zeroed, on the heap every chunk
 * would be a humongous object of its own, and what is on the heap is copied once more on its way to
 * a socket. Thread-safe.
 *
 * <p>Two sizes. What would fill less than half of the smaller one, and what is larger than the
 * larger one, gets memory of the heap of exactly its length. So does a chunk that the budget has
 * granted and for which the process has no direct memory left, which is said once.
 */
final class ReadBuffers {
  private static final Logger log = LoggerFactory.getLogger(ReadBuffers.class);
  private static final int LARGE_BYTES = ObjectIndex.CHUNK_SIZE_BYTES;
  private static final int SMALL_BYTES = LARGE_BYTES / 2;

  private final long keptBytesMax;
  private final IntFunction<ByteBuffer> directMemory;
  private final AtomicBoolean hasRunOut = new AtomicBoolean();
  private final ArrayDeque<ByteBuffer> large = new ArrayDeque<>(); // guarded by this
  private final ArrayDeque<ByteBuffer> small = new ArrayDeque<>(); // guarded by this
  private long keptBytes; // guarded by this

  /**
   * @param keptBytesMax of free memory that is kept for use again
   */
  ReadBuffers(long keptBytesMax) {
    this(keptBytesMax, ByteBuffer::allocateDirect);
  }

  /**
   * @param directMemory throws an {@link OutOfMemoryError} where there is none
   */
  ReadBuffers(long keptBytesMax, IntFunction<ByteBuffer> directMemory) {
    this.keptBytesMax = keptBytesMax;
    this.directMemory = directMemory;
  }

  /** Bytes that memory for {@code length} takes up. */
  static int capacity(int length) {
    if (length > LARGE_BYTES || length <= SMALL_BYTES / 2) {
      return length;
    }
    return length > SMALL_BYTES ? LARGE_BYTES : SMALL_BYTES;
  }

  /** Memory with room for exactly {@code length} bytes. */
  ByteBuffer take(int length) {
    int capacity = capacity(length);
    if (capacity == length && !isReused(capacity)) {
      return ByteBuffer.allocate(length);
    }
    ByteBuffer kept;
    synchronized (this) {
      kept = free(capacity).pollLast();
      if (kept != null) {
        keptBytes -= capacity;
      }
    }
    return (kept != null ? kept : allocate(capacity)).clear().limit(length);
  }

  private ByteBuffer allocate(int capacity) {
    try {
      return directMemory.apply(capacity);
    } catch (OutOfMemoryError e) {
      if (hasRunOut.compareAndSet(false, true)) {
        log.warn(
            "direct memory has run out though the memory budget has not, reads go to the heap:"
                + " give the JVM a larger -XX:MaxDirectMemorySize or the broker a smaller"
                + " MEMORY_BUDGET: bytes={} {}",
            capacity,
            e.toString());
      }
      return ByteBuffer.allocate(capacity);
    }
  }

  /** Takes back what {@link #take} gave; nobody may look at it any more. */
  void giveBack(ByteBuffer memory) {
    int capacity = memory.capacity();
    if (!memory.isDirect()) {
      return;
    }
    synchronized (this) {
      if (keptBytes + capacity <= keptBytesMax) {
        free(capacity).addLast(memory);
        keptBytes += capacity;
      }
    }
  }

  private static boolean isReused(int capacity) {
    return capacity == LARGE_BYTES || capacity == SMALL_BYTES;
  }

  /** Caller holds the lock. */
  private ArrayDeque<ByteBuffer> free(int capacity) {
    return capacity == LARGE_BYTES ? large : small;
  }
}
