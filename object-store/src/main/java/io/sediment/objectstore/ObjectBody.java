package io.sediment.objectstore;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Bytes to be stored: the concatenation of some buffers, read but never changed, copied only where
 * an implementation cannot gather.
 *
 * <p>Every call of {@link #buffers()} returns fresh read-only views, so one body may be sent
 * several times at once (a retry beside a late first attempt, a hedge). The bytes below must stay
 * as they are until the last future that was given this body has completed; a store completes a
 * future only when no attempt of it can still read the body.
 */
public final class ObjectBody {
  private final List<ByteBuffer> buffers;
  private final long length;

  private ObjectBody(List<ByteBuffer> buffers) {
    this.buffers = buffers;
    long sum = 0;
    for (ByteBuffer buffer : buffers) {
      sum += buffer.remaining();
    }
    this.length = sum;
  }

  /** The bytes between position and limit of each buffer, in order. The positions are not moved. */
  public static ObjectBody of(List<ByteBuffer> buffers) {
    return new ObjectBody(buffers.stream().map(ByteBuffer::asReadOnlyBuffer).toList());
  }

  /** The bytes between position and limit of {@code buffer}. */
  public static ObjectBody of(ByteBuffer buffer) {
    return of(List.of(buffer));
  }

  /** The given bytes, not copied. */
  public static ObjectBody of(byte[] bytes) {
    return of(ByteBuffer.wrap(bytes));
  }

  /** Length in bytes of all buffers together. */
  public long length() {
    return length;
  }

  /** Fresh read-only views with positions and limits of their own. */
  public ByteBuffer[] buffers() {
    ByteBuffer[] views = new ByteBuffer[buffers.size()];
    for (int i = 0; i < views.length; i++) {
      views[i] = buffers.get(i).duplicate();
    }
    return views;
  }

  /** A copy of all bytes in one array; for small bodies. */
  public byte[] toByteArray() {
    ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(length));
    for (ByteBuffer buffer : buffers()) {
      all.put(buffer);
    }
    return all.array();
  }
}
