package io.sediment.compactor.keys;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.Checksums;
import java.nio.ByteBuffer;
import java.util.UUID;

/**
 * Where things lie in a key summary; the only class that knows positions. Numbers are big-endian.
 *
 * <pre>
 * summary := header page*
 *
 * header   0 magic          8   "SEDIKEYS"
 *          8 formatVersion  2   1
 *         10 flags          2   0; a reader refuses bits it does not know
 *         12 partition      4
 *         16 topicId       16
 *         32 from           8   first offset of the range
 *         40 to             8   offset after the range
 *         48 keyCount       4
 *         52 reserved       8   0
 *         60 headerCrc      4   CRC32C of bytes 0 to 59
 *
 * page     0 pageCrc        4   CRC32C of the entries
 *          4 entry*             102 of them, fewer on the last page; ascending over all pages by
 *                               hash, unsigned
 *
 * entry    0 hash          16   of the key, see KeyHasher
 *         16 distance       4   last offset of the key, minus from
 * </pre>
 *
 * <p>Entries have one size and hashes are spread evenly, so the page that a key must be in can be
 * computed closely without an index.
 */
final class KeySummaryLayout {
  static final int HEADER_SIZE = 64;
  static final int ENTRY_SIZE = 20;

  /** Small, since a merge holds a page of each of many summaries. */
  static final int PAGE_ENTRIES_MAX = 102;

  private static final long MAGIC = 0x534544494b455953L;
  private static final short FORMAT_VERSION = 1;

  private static final int MAGIC_AT = 0;
  private static final int FORMAT_VERSION_AT = 8;
  private static final int FLAGS_AT = 10;
  private static final int PARTITION_AT = 12;
  private static final int TOPIC_ID_AT = 16;
  private static final int FROM_AT = 32;
  private static final int TO_AT = 40;
  private static final int KEY_COUNT_AT = 48;
  private static final int HEADER_CRC_AT = 60;

  private static final int PAGE_CRC_AT = 0;
  private static final int ENTRIES_AT = 4;
  private static final int HASH_HIGH_AT = 0;
  private static final int HASH_LOW_AT = 8;
  private static final int DISTANCE_AT = 16;

  private KeySummaryLayout() {}

  static int pageCount(int keyCount) {
    return (int) (((long) keyCount + PAGE_ENTRIES_MAX - 1) / PAGE_ENTRIES_MAX);
  }

  static int entriesIn(int page, int keyCount) {
    return (int) Math.min(PAGE_ENTRIES_MAX, keyCount - (long) page * PAGE_ENTRIES_MAX);
  }

  static int pageLength(int entries) {
    return ENTRIES_AT + entries * ENTRY_SIZE;
  }

  static long pagePosition(int page) {
    return HEADER_SIZE + (long) page * pageLength(PAGE_ENTRIES_MAX);
  }

  /** Of header and pages. */
  static long length(int keyCount) {
    return HEADER_SIZE + (long) pageCount(keyCount) * ENTRIES_AT + (long) keyCount * ENTRY_SIZE;
  }

  static void putHeader(ByteBuffer out, PartitionId partition, OffsetRange range, int keyCount) {
    out.putLong(MAGIC_AT, MAGIC);
    out.putShort(FORMAT_VERSION_AT, FORMAT_VERSION);
    out.putShort(FLAGS_AT, (short) 0);
    out.putInt(PARTITION_AT, partition.partition());
    out.putLong(TOPIC_ID_AT, partition.topicId().getMostSignificantBits());
    out.putLong(TOPIC_ID_AT + Long.BYTES, partition.topicId().getLeastSignificantBits());
    out.putLong(FROM_AT, range.from());
    out.putLong(TO_AT, range.to());
    out.putInt(KEY_COUNT_AT, keyCount);
    out.putInt(HEADER_CRC_AT, Checksums.crc32c(out, 0, HEADER_CRC_AT));
  }

  /**
   * @param page position of the page in {@code out}
   */
  static void putEntry(
      ByteBuffer out, int page, int index, long hashHigh, long hashLow, int distance) {
    int at = page + ENTRIES_AT + index * ENTRY_SIZE;
    out.putLong(at + HASH_HIGH_AT, hashHigh);
    out.putLong(at + HASH_LOW_AT, hashLow);
    out.putInt(at + DISTANCE_AT, distance);
  }

  /** Ends the page at {@code page}, all entries of which have been put. */
  static void sealPage(ByteBuffer out, int page, int entries) {
    out.putInt(page + PAGE_CRC_AT, Checksums.crc32c(out, page + ENTRIES_AT, entries * ENTRY_SIZE));
  }

  static long hashHigh(ByteBuffer page, int index) {
    return page.getLong(ENTRIES_AT + index * ENTRY_SIZE + HASH_HIGH_AT);
  }

  static long hashLow(ByteBuffer page, int index) {
    return page.getLong(ENTRIES_AT + index * ENTRY_SIZE + HASH_LOW_AT);
  }

  static int distance(ByteBuffer page, int index) {
    return page.getInt(ENTRIES_AT + index * ENTRY_SIZE + DISTANCE_AT);
  }

  /** What a header says, verified. */
  record Header(PartitionId partition, OffsetRange range, int keyCount) {
    static Header decode(ByteBuffer bytes, Object name) {
      if (bytes.remaining() < HEADER_SIZE) {
        throw new CorruptObjectException(
            "key summary " + name + ": too short: length=" + bytes.remaining());
      }
      ByteBuffer header = bytes.slice(bytes.position(), HEADER_SIZE);
      int crc = Checksums.crc32c(header, 0, HEADER_CRC_AT);
      if (header.getLong(MAGIC_AT) != MAGIC || header.getInt(HEADER_CRC_AT) != crc) {
        throw new CorruptObjectException(
            "key summary "
                + name
                + ": header: magic="
                + Long.toHexString(header.getLong(MAGIC_AT))
                + " crc: expected="
                + Checksums.hex(header.getInt(HEADER_CRC_AT))
                + " actual="
                + Checksums.hex(crc));
      }
      if (header.getShort(FORMAT_VERSION_AT) != FORMAT_VERSION || header.getShort(FLAGS_AT) != 0) {
        throw new CorruptObjectException(
            "key summary "
                + name
                + ": written by a newer version: format="
                + header.getShort(FORMAT_VERSION_AT)
                + " flags="
                + header.getShort(FLAGS_AT));
      }
      return new Header(
          new PartitionId(
              new UUID(header.getLong(TOPIC_ID_AT), header.getLong(TOPIC_ID_AT + Long.BYTES)),
              header.getInt(PARTITION_AT)),
          new OffsetRange(header.getLong(FROM_AT), header.getLong(TO_AT)),
          header.getInt(KEY_COUNT_AT));
    }
  }

  /**
   * @return the page, as {@link #hashHigh} and its like take it
   */
  static ByteBuffer verifiedPage(ByteBuffer page, int entries, Object name) {
    int length = pageLength(entries);
    if (page.remaining() != length) {
      throw new CorruptObjectException(
          "key summary " + name + ": page: expected=" + length + " actual=" + page.remaining());
    }
    ByteBuffer bytes = page.slice();
    int crc = Checksums.crc32c(bytes, ENTRIES_AT, length - ENTRIES_AT);
    if (bytes.getInt(PAGE_CRC_AT) != crc) {
      throw new CorruptObjectException(
          "key summary "
              + name
              + ": page crc: expected="
              + Checksums.hex(bytes.getInt(PAGE_CRC_AT))
              + " actual="
              + Checksums.hex(crc));
    }
    return bytes;
  }
}
