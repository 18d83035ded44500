package io.sediment.lsm.batch;

import java.nio.ByteBuffer;

/**
 * Where the fields of a Kafka v2 record batch lie. All numbers are big-endian.
 *
 * <pre>
 *   0 baseOffset            8   assigned by the leader        outside the CRC
 *   8 batchLength           4   bytes after this field        outside the CRC
 *  12 partitionLeaderEpoch  4   assigned by the leader        outside the CRC
 *  16 magic                 1   2                             outside the CRC
 *  17 crc                   4   CRC32C of everything from 21 to the end
 *  21 attributes            2   bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
 *  23 lastOffsetDelta       4
 *  27 baseTimestamp         8
 *  35 maxTimestamp          8
 *  43 producerId            8
 *  51 producerEpoch         2
 *  53 baseSequence          4
 *  57 recordsCount          4
 *  61 records …
 * </pre>
 *
 * <p>Source: Kafka protocol guide, "Record Batch". Methods read at {@code position} of the buffer,
 * absolutely, and never move its position. The buffer must be big-endian (the default).
 */
public final class RecordBatchLayout {
  public static final int BASE_OFFSET = 0;
  public static final int BATCH_LENGTH = 8;
  public static final int LEADER_EPOCH = 12;
  public static final int MAGIC = 16;
  public static final int CRC = 17;
  public static final int ATTRIBUTES = 21;
  public static final int LAST_OFFSET_DELTA = 23;
  public static final int BASE_TIMESTAMP = 27;
  public static final int MAX_TIMESTAMP = 35;
  public static final int PRODUCER_ID = 43;
  public static final int PRODUCER_EPOCH = 51;
  public static final int BASE_SEQUENCE = 53;
  public static final int RECORDS_COUNT = 57;
  public static final int HEADER_SIZE = 61;

  /** Bytes before {@code batchLength} begins to count. */
  public static final int LENGTH_OVERHEAD = 12;

  /** Bits of the attributes. */
  public static final int CODEC = 0x07;

  public static final int LOG_APPEND_TIME = 0x08;
  public static final int TRANSACTIONAL = 0x10;
  public static final int CONTROL = 0x20;
  public static final int DELETE_HORIZON = 0x40;

  public static final byte CURRENT_MAGIC = 2;
  public static final long NO_PRODUCER_ID = -1;

  private RecordBatchLayout() {}

  /** Length in bytes of the whole batch, header and all. */
  public static int sizeInBytes(ByteBuffer buffer, int position) {
    return buffer.getInt(position + BATCH_LENGTH) + LENGTH_OVERHEAD;
  }

  public static long baseOffset(ByteBuffer buffer, int position) {
    return buffer.getLong(position + BASE_OFFSET);
  }

  public static int lastOffsetDelta(ByteBuffer buffer, int position) {
    return buffer.getInt(position + LAST_OFFSET_DELTA);
  }

  public static long lastOffset(ByteBuffer buffer, int position) {
    return baseOffset(buffer, position) + lastOffsetDelta(buffer, position);
  }

  public static int leaderEpoch(ByteBuffer buffer, int position) {
    return buffer.getInt(position + LEADER_EPOCH);
  }

  public static byte magic(ByteBuffer buffer, int position) {
    return buffer.get(position + MAGIC);
  }

  public static int crc(ByteBuffer buffer, int position) {
    return buffer.getInt(position + CRC);
  }

  public static short attributes(ByteBuffer buffer, int position) {
    return buffer.getShort(position + ATTRIBUTES);
  }

  public static boolean isTransactional(ByteBuffer buffer, int position) {
    return (attributes(buffer, position) & TRANSACTIONAL) != 0;
  }

  public static boolean isControl(ByteBuffer buffer, int position) {
    return (attributes(buffer, position) & CONTROL) != 0;
  }

  /** Whether timestamps are the broker's: each record then has the batch's largest. */
  public static boolean isLogAppendTime(ByteBuffer buffer, int position) {
    return (attributes(buffer, position) & LOG_APPEND_TIME) != 0;
  }

  /**
   * Whether log compaction has given the batch a time from which its tombstones may go. It stands
   * in place of the base timestamp.
   */
  public static boolean hasDeleteHorizon(ByteBuffer buffer, int position) {
    return (attributes(buffer, position) & DELETE_HORIZON) != 0;
  }

  public static long baseTimestamp(ByteBuffer buffer, int position) {
    return buffer.getLong(position + BASE_TIMESTAMP);
  }

  public static long maxTimestamp(ByteBuffer buffer, int position) {
    return buffer.getLong(position + MAX_TIMESTAMP);
  }

  public static long producerId(ByteBuffer buffer, int position) {
    return buffer.getLong(position + PRODUCER_ID);
  }

  public static short producerEpoch(ByteBuffer buffer, int position) {
    return buffer.getShort(position + PRODUCER_EPOCH);
  }

  public static int baseSequence(ByteBuffer buffer, int position) {
    return buffer.getInt(position + BASE_SEQUENCE);
  }

  public static int recordsCount(ByteBuffer buffer, int position) {
    return buffer.getInt(position + RECORDS_COUNT);
  }

  /** Sequence number of the last record; sequences wrap from {@link Integer#MAX_VALUE} to 0. */
  public static int lastSequence(ByteBuffer buffer, int position) {
    int base = baseSequence(buffer, position);
    int delta = lastOffsetDelta(buffer, position);
    return base > Integer.MAX_VALUE - delta ? delta - (Integer.MAX_VALUE - base) - 1 : base + delta;
  }

  /** Writes the two fields that the leader owns; the batch CRC does not cover them. */
  public static void assign(ByteBuffer buffer, int position, long baseOffset, int leaderEpoch) {
    buffer.putLong(position + BASE_OFFSET, baseOffset);
    buffer.putInt(position + LEADER_EPOCH, leaderEpoch);
  }
}
