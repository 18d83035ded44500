package io.sediment.objectstore;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Memory that one read fills: buffers, one after the other. For one thread at a time. */
public final class ReadTarget {
  private final List<ByteBuffer> buffers;
  private int next;

  /**
   * @param buffers from position to limit; the positions move as bytes arrive
   */
  public ReadTarget(List<ByteBuffer> buffers) {
    this.buffers = List.copyOf(buffers);
  }

  /** Bytes there is room for. */
  public long remaining() {
    long sum = 0;
    for (ByteBuffer buffer : buffers) {
      sum += buffer.remaining();
    }
    return sum;
  }

  /** The buffer that the next bytes go into; null when all are full. */
  public @Nullable ByteBuffer current() {
    while (next < buffers.size() && !buffers.get(next).hasRemaining()) {
      next++;
    }
    return next < buffers.size() ? buffers.get(next) : null;
  }

  /**
   * Copies all of {@code bytes}.
   *
   * @throws BufferOverflowException if there is no room for them
   */
  public void put(ByteBuffer bytes) {
    while (bytes.hasRemaining()) {
      ByteBuffer target = current();
      if (target == null) {
        throw new BufferOverflowException();
      }
      int length = Math.min(bytes.remaining(), target.remaining());
      target.put(bytes.slice(bytes.position(), length));
      bytes.position(bytes.position() + length);
    }
  }
}
