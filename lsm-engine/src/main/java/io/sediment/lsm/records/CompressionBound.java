package io.sediment.lsm.records;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * How large compressed bytes can become at most, found without decompressing them: from the block
 * headers of the frame where the codec has them, else from the highest ratio the codec can reach. A
 * batch whose bound is small cannot be a decompression bomb. Pure.
 */
public final class CompressionBound {
  /** No bound could be found: the bytes must be decompressed to know. */
  public static final long UNKNOWN = Long.MAX_VALUE;

  /** RFC 1951: 258 bytes from two bits. */
  private static final long GZIP_RATIO_MAX = 1032;

  private static final int LZ4_MAGIC = 0x184D2204;
  private static final int ZSTD_MAGIC = 0xFD2FB528;
  private static final int ZSTD_BLOCK_BYTES_MAX = 128 << 10;
  private static final int SNAPPY_HEADER_BYTES = 16;

  /** {@code 0x82 "SNAPPY" 0x00}. */
  private static final long SNAPPY_MAGIC = 0x82534E4150505900L;

  private CompressionBound() {}

  /**
   * @param payload what follows the header of the batch
   */
  public static long of(Codec codec, ByteBuffer payload) {
    ByteBuffer bytes = payload.slice();
    try {
      return switch (codec) {
        case NONE -> bytes.remaining();
        case GZIP -> GZIP_RATIO_MAX * bytes.remaining();
        case SNAPPY -> ofSnappy(bytes);
        case LZ4 -> ofLz4(bytes.order(ByteOrder.LITTLE_ENDIAN));
        case ZSTD -> ofZstd(bytes.order(ByteOrder.LITTLE_ENDIAN));
      };
    } catch (RuntimeException e) { // ran over the end of what is no frame of this codec
      return UNKNOWN;
    }
  }

  /**
   * Either raw snappy, which begins with its full size, or frames as snappy-java writes them: a
   * header, then chunks each of which begins with its full size.
   */
  private static long ofSnappy(ByteBuffer bytes) {
    if (bytes.getLong(0) != SNAPPY_MAGIC) {
      return fullSize(bytes, 0);
    }
    long sum = 0;
    int at = SNAPPY_HEADER_BYTES;
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

  /** Every block holds at most what the frame header says. */
  private static long ofLz4(ByteBuffer bytes) {
    if (bytes.getInt(0) != LZ4_MAGIC) {
      return UNKNOWN;
    }
    int flags = bytes.get(4);
    int blockBytesMax = 1 << (8 + 2 * ((bytes.get(5) >> 4) & 7));
    boolean contentSize = (flags & 0x08) != 0;
    boolean blockChecksum = (flags & 0x10) != 0;
    int at = 7 + (contentSize ? 8 : 0);
    long blocks = 0;
    while (true) {
      int block = bytes.getInt(at);
      if (block == 0) {
        return blocks * blockBytesMax;
      }
      blocks++;
      at = Math.addExact(at, 4 + (block & 0x7fffffff) + (blockChecksum ? 4 : 0));
    }
  }

  /** RFC 8878: raw and repeated blocks say their size, compressed ones hold at most 128 KB. */
  private static long ofZstd(ByteBuffer bytes) {
    long sum = 0;
    int at = 0;
    while (at < bytes.limit()) {
      if (bytes.getInt(at) != ZSTD_MAGIC) {
        return UNKNOWN;
      }
      int descriptor = bytes.get(at + 4);
      boolean singleSegment = (descriptor & 0x20) != 0;
      boolean checksum = (descriptor & 0x04) != 0;
      int dictionaryId = new int[] {0, 1, 2, 4}[descriptor & 3];
      int contentSize = new int[] {singleSegment ? 1 : 0, 2, 4, 8}[(descriptor >> 6) & 3];
      at += 5 + (singleSegment ? 0 : 1) + dictionaryId + contentSize;
      boolean last = false;
      while (!last) {
        int header =
            (bytes.get(at) & 0xff)
                | (bytes.get(at + 1) & 0xff) << 8
                | (bytes.get(at + 2) & 0xff) << 16;
        last = (header & 1) != 0;
        int type = (header >> 1) & 3;
        int size = header >> 3;
        sum += type == 2 ? ZSTD_BLOCK_BYTES_MAX : size;
        at += 3 + (type == 1 ? 1 : size);
      }
      at += checksum ? 4 : 0;
    }
    return at == bytes.limit() ? sum : UNKNOWN;
  }
}
