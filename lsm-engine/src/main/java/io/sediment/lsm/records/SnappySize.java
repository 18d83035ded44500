package io.sediment.lsm.records;

import java.nio.ByteBuffer;

/**
 * How large bytes compressed with snappy say they become: their decoder allocates it before it
 * looks further. Pure.
 */
final class SnappySize {
  /** What they say makes no sense. */
  static final long UNKNOWN = Long.MAX_VALUE;

  private static final int HEADER_BYTES = 16;

  /** {@code 0x82 "SNAPPY" 0x00}. */
  private static final long MAGIC = 0x82534E4150505900L;

  private SnappySize() {}

  /**
   * Either raw snappy, which begins with its full size, or frames as snappy-java writes them: a
   * header, then chunks each of which begins with its full size.
   */
  static long of(ByteBuffer payload) {
    ByteBuffer bytes = payload.slice();
    try {
      return bytes.getLong(0) == MAGIC ? ofFrames(bytes) : fullSize(bytes, 0);
    } catch (RuntimeException e) { // ran over the end
      return UNKNOWN;
    }
  }

  private static long ofFrames(ByteBuffer bytes) {
    long sum = 0;
    int at = HEADER_BYTES;
    while (at < bytes.limit()) {
      int chunk = bytes.getInt(at);
      if (chunk <= 0) {
        return UNKNOWN;
      }
      sum += fullSize(bytes, at + 4);
      at = Math.addExact(at, Math.addExact(4, chunk));
    }
    return at == bytes.limit() ? sum : UNKNOWN;
  }

  /** A varint of at most 32 bits. */
  private static long fullSize(ByteBuffer bytes, int position) {
    long size = 0;
    int at = position;
    for (int shift = 0; shift < 35; shift += 7) {
      byte next = bytes.get(at++);
      size |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return size;
      }
    }
    return UNKNOWN >> 8; // can be added up without overflow
  }
}
