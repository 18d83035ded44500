package io.sediment.frontend.net;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * Cuts the bytes of one connection into frames: a 4-byte size, then that many bytes.
 *
 * <p>The socket is read straight into this reader's buffer, and frames are slices of it, so a frame
 * that arrives in one piece is never copied. A frame that is larger than the buffer makes it grow
 * with what has <em>arrived</em>, four-fold at a time, never by what the size prefix promises: four
 * bytes from a stranger cannot make the broker allocate 100 MB. One thread.
 */
final class FrameReader {
  static final int SIZE_BYTES = 4;
  private static final int CAPACITY_MIN = 2 << 10;
  private static final int CAPACITY_MAX = 256 << 10;
  private static final int GROWTH_FLOOR = 64 << 10;
  private static final int GROWTH_FACTOR = 4;

  private final int frameBytesMax;
  private @Nullable ByteBuf buffer;
  private int nextCapacity = CAPACITY_MIN;

  FrameReader(int frameBytesMax) {
    this.frameBytesMax = frameBytesMax;
  }

  /** A buffer with room for the next read; the caller has a reference of its own to it. */
  ByteBuf toReadInto(ByteBufAllocator allocator) {
    ByteBuf current = buffer;
    if (current == null) {
      current = allocator.directBuffer(nextCapacity, nextCapacity);
    } else {
      int capacity = wantedCapacity(current);
      if (capacity > current.capacity() - current.readerIndex()) {
        ByteBuf larger = allocator.directBuffer(capacity, capacity);
        larger.writeBytes(current);
        current.release();
        current = larger;
      }
    }
    buffer = current;
    return current.retain();
  }

  /** What the partial frame in {@code current} deserves by what has arrived of it. */
  private int wantedCapacity(ByteBuf current) {
    int arrived = current.readableBytes();
    if (arrived < SIZE_BYTES) {
      return current.isWritable() ? 0 : CAPACITY_MIN;
    }
    int wholeFrame = SIZE_BYTES + current.getInt(current.readerIndex()); // checked by next()
    return Math.min(wholeFrame, Math.max(GROWTH_FLOOR, GROWTH_FACTOR * arrived));
  }

  /** Told how a read went, so that the next buffer has about the right size. */
  void learn(int bytesRead, int bytesAttempted) {
    if (bytesRead == bytesAttempted) {
      nextCapacity = Math.min(CAPACITY_MAX, nextCapacity * 2);
    } else if (bytesRead < nextCapacity / 4) {
      nextCapacity = Math.max(CAPACITY_MIN, nextCapacity / 2);
    }
  }

  /**
   * The body of the next whole frame, which the caller releases; null until more has arrived.
   *
   * @throws InvalidFrameException if the size prefix cannot be one of ours
   */
  @Nullable ByteBuf next() {
    ByteBuf current = buffer;
    if (current == null) {
      return null;
    }
    if (current.readableBytes() >= SIZE_BYTES) {
      int size = current.getInt(current.readerIndex());
      if (size < 0 || size > frameBytesMax) {
        throw new InvalidFrameException(
            "frame size: size=" + size + " max=" + frameBytesMax + guess(size));
      }
      if (current.readableBytes() >= SIZE_BYTES + size) {
        current.skipBytes(SIZE_BYTES);
        return current.readRetainedSlice(size);
      }
    } else if (!current.isReadable()) {
      current.release();
      buffer = null;
    }
    return null;
  }

  /** Names two guests who come to this port by mistake every day. */
  private static String guess(int size) {
    if ((size & 0xFFFFFF00) == 0x16030100) {
      return " (looks like TLS)";
    }
    return size == 0x47455420 || size == 0x504F5354 || size == 0x48454144
        ? " (looks like HTTP)"
        : "";
  }

  /** Bytes that have arrived and are not part of a frame handed out. */
  int pendingBytes() {
    return buffer == null ? 0 : buffer.readableBytes();
  }

  /** Bytes that lack to the end of the frame that has begun; none where its size is unknown. */
  int missingBytes() {
    ByteBuf current = buffer;
    if (current == null || current.readableBytes() < SIZE_BYTES) {
      return 0;
    }
    return Math.max(
        0, current.getInt(current.readerIndex()) + SIZE_BYTES - current.readableBytes());
  }

  void close() {
    if (buffer != null) {
      buffer.release();
      buffer = null;
    }
  }
}
