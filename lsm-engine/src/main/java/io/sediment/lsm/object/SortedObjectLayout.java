package io.sediment.lsm.object;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.codec.Checksums;
import io.sediment.objectstore.ObjectKey;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.UUID;

/**
 * Where things lie in a sorted object; the only class that knows positions. Fixed numbers are
 * big-endian, {@code varint} and {@code zigzag} as in {@link io.sediment.lsm.codec.ByteWriter}.
 *
 * <pre>
 * object  := header blocks footer trailer          a FENCE is a header alone
 *
 * header     0 magic          8   "SEDIMOBJ"
 *            8 formatVersion  2   1
 *           10 kind           1   see SortedObjectKind
 *           11 flags          1   0; a reader refuses bits it does not know
 *           12 lane           4
 *           16 incarnation    8
 *           24 epoch          8   of the writing role
 *           32 number         8   seq of a WAL object or fence, counter of a data object
 *           40 writerId      16
 *           56 reserved       4   0
 *           60 headerCrc      4   CRC32C of bytes 0 to 59
 *
 * blocks    64 whole record batches, exactly as on the wire; section after section in partition
 *              order, block after block, without gaps
 *
 * footer       header        64   again, so that one read of the end tells whose object it is
 *              baseTimestamp      zigzag, what the first timestamps are relative to
 *              topicCount         varint
 *              topic*             topicId 16, sectionCount varint, section*   ascending
 *              fields             see ExtensionFields; 2: acked seq varint, see SortedObject
 *
 * section  :=  partition          varint; after the first of a topic: minus the previous, minus 1
 *              shape          1   bits: 1 producers, 2 aborted transactions, 4 fields follow
 *              blockCount         varint, at least 1
 *              baseOffset         varint
 *              leaderEpoch        zigzag, of the first block
 *              block*
 *              [producerCount     varint, producer*]
 *              [abortedCount      varint, aborted*]
 *              [fields            see ExtensionFields]
 *
 * block    :=  offsetGap          varint, offsets missing before it; 0 for the first
 *              lastOffsetDelta    varint, lastOffset - baseOffset
 *              length             varint; the position is where the block before it ends
 *              maxTimestamp       zigzag, minus the previous block's (first: minus baseTimestamp)
 *              epochDelta         varint, leader epoch minus the previous block's; 0 for the first
 *              crc32c         4   of the block's bytes
 *
 * producer :=  producerId varint, producerEpoch varint, coordinatorEpoch zigzag,
 *              txnFirstOffset zigzag, lastAppend zigzag minus baseTimestamp, batchCount varint,
 *              batch* := firstSequence varint, lastSequence varint, baseOffset varint,
 *                        lastOffset varint minus baseOffset, timestamp zigzag minus baseTimestamp
 * aborted  :=  producerId varint, firstOffset varint, lastOffset varint minus firstOffset,
 *              lastStableOffset zigzag
 *
 * trailer    0 footerPosition 8
 *            8 footerLength   4
 *           12 footerCrc      4   CRC32C of the footer
 *           16 objectLength   8   trailer included
 *           24 magic          8   "SEDIMEND"
 * </pre>
 */
final class SortedObjectLayout {
  static final long MAGIC = 0x534544494d4f424aL;
  static final short FORMAT_VERSION = 1;

  static final int MAGIC_AT = 0;
  static final int FORMAT_VERSION_AT = 8;
  static final int KIND_AT = 10;
  static final int FLAGS_AT = 11;
  static final int LANE_AT = 12;
  static final int INCARNATION_AT = 16;
  static final int EPOCH_AT = 24;
  static final int NUMBER_AT = 32;
  static final int WRITER_ID_AT = 40;
  static final int RESERVED_AT = 56;
  static final int HEADER_CRC_AT = 60;
  static final int HEADER_SIZE = 64;

  static final int SHAPE_PRODUCERS = 1;
  static final int SHAPE_ABORTED_TXNS = 2;
  static final int SHAPE_FIELDS = 4;
  static final int SHAPE_KNOWN = SHAPE_PRODUCERS | SHAPE_ABORTED_TXNS | SHAPE_FIELDS;

  /** The least bytes that one of these takes: bounds counts before anything is allocated. */
  static final int TOPIC_SIZE_MIN = 16 + 1;

  static final int BLOCK_SIZE_MIN = 5 + 4;
  static final int SECTION_SIZE_MIN = 5 + BLOCK_SIZE_MIN;
  static final int PRODUCER_SIZE_MIN = 6;
  static final int ABORTED_TXN_SIZE_MIN = 4;

  static final int FOOTER_POSITION_AT = 0;
  static final int FOOTER_LENGTH_AT = 8;
  static final int FOOTER_CRC_AT = 12;
  static final int OBJECT_LENGTH_AT = 16;
  static final int END_MAGIC_AT = 24;
  static final int TRAILER_SIZE = 32;
  static final long END_MAGIC = 0x534544494d454e44L;

  private SortedObjectLayout() {}

  /** Where the footer lies, as the trailer says. */
  record Trailer(long footerPosition, int footerLength, int footerCrc) {}

  static ByteBuffer encodeHeader(ObjectIdentity identity) {
    ByteBuffer header = ByteBuffer.allocate(HEADER_SIZE);
    header.putLong(MAGIC_AT, MAGIC);
    header.putShort(FORMAT_VERSION_AT, FORMAT_VERSION);
    header.put(KIND_AT, identity.kind().code());
    header.put(FLAGS_AT, (byte) 0);
    header.putInt(LANE_AT, identity.lane().value());
    header.putLong(INCARNATION_AT, identity.incarnation());
    header.putLong(EPOCH_AT, identity.epoch());
    header.putLong(NUMBER_AT, identity.number());
    header.putLong(WRITER_ID_AT, identity.writerId().getMostSignificantBits());
    header.putLong(WRITER_ID_AT + 8, identity.writerId().getLeastSignificantBits());
    header.putInt(RESERVED_AT, 0);
    header.putInt(HEADER_CRC_AT, Checksums.crc32c(header, 0, HEADER_CRC_AT));
    return header;
  }

  /**
   * @param bytes the header from its position on; more may follow
   */
  static ObjectIdentity decodeHeader(ObjectKey key, ByteBuffer bytes) {
    if (bytes.remaining() < HEADER_SIZE) {
      throw corrupt(key, "header ends early: length=" + bytes.remaining());
    }
    ByteBuffer header = view(bytes, bytes.position(), HEADER_SIZE);
    if (header.getLong(MAGIC_AT) != MAGIC) {
      throw corrupt(key, "header magic: " + hex(MAGIC, header.getLong(MAGIC_AT)));
    }
    int crc = Checksums.crc32c(header, 0, HEADER_CRC_AT);
    if (header.getInt(HEADER_CRC_AT) != crc) {
      throw corrupt(key, "header crc: " + hex(header.getInt(HEADER_CRC_AT), crc));
    }
    // What follows is as it was written; if we cannot read it, a newer version wrote it.
    if (header.getShort(FORMAT_VERSION_AT) != FORMAT_VERSION) {
      throw corrupt(
          key,
          "format version: known="
              + FORMAT_VERSION
              + " found="
              + header.getShort(FORMAT_VERSION_AT));
    }
    SortedObjectKind kind = SortedObjectKind.ofCode(header.get(KIND_AT));
    long incarnation = header.getLong(INCARNATION_AT);
    long epoch = header.getLong(EPOCH_AT);
    long number = header.getLong(NUMBER_AT);
    int lane = header.getInt(LANE_AT);
    if (kind == null
        || header.get(FLAGS_AT) != 0
        || header.getInt(RESERVED_AT) != 0
        || lane < 0
        || incarnation < 0
        || epoch < 0
        || number < 0) {
      throw corrupt(
          key,
          "header fields: kind="
              + header.get(KIND_AT)
              + " flags="
              + header.get(FLAGS_AT)
              + " reserved="
              + header.getInt(RESERVED_AT)
              + " lane="
              + lane
              + " incarnation="
              + incarnation
              + " epoch="
              + epoch
              + " number="
              + number);
    }
    UUID writerId = new UUID(header.getLong(WRITER_ID_AT), header.getLong(WRITER_ID_AT + 8));
    ObjectIdentity identity =
        new ObjectIdentity(kind, incarnation, new LaneId(lane), epoch, number, writerId);
    if (!LaneKeys.of(identity).equals(key)) {
      throw corrupt(key, "holds another object: " + identity);
    }
    return identity;
  }

  static SortedObject describeFence(ObjectKey key, ByteBuffer header) {
    ObjectIdentity identity = decodeHeader(key, header);
    int crc = view(header, header.position(), HEADER_SIZE).getInt(HEADER_CRC_AT);
    return new SortedObject(key, identity, List.of(), 0, HEADER_SIZE, crc);
  }

  static ByteBuffer encodeTrailer(long footerPosition, int footerLength, int footerCrc) {
    ByteBuffer trailer = ByteBuffer.allocate(TRAILER_SIZE);
    trailer.putLong(FOOTER_POSITION_AT, footerPosition);
    trailer.putInt(FOOTER_LENGTH_AT, footerLength);
    trailer.putInt(FOOTER_CRC_AT, footerCrc);
    trailer.putLong(OBJECT_LENGTH_AT, footerPosition + footerLength + TRAILER_SIZE);
    trailer.putLong(END_MAGIC_AT, END_MAGIC);
    return trailer;
  }

  /**
   * @param end bytes up to the end of the object, at least {@link #TRAILER_SIZE}
   */
  static Trailer decodeTrailer(ObjectKey key, ByteBuffer end, long objectLength) {
    ByteBuffer trailer = view(end, end.limit() - TRAILER_SIZE, TRAILER_SIZE);
    if (trailer.getLong(END_MAGIC_AT) != END_MAGIC) {
      throw corrupt(key, "trailer magic: " + hex(END_MAGIC, trailer.getLong(END_MAGIC_AT)));
    }
    long recordedLength = trailer.getLong(OBJECT_LENGTH_AT);
    long footerPosition = trailer.getLong(FOOTER_POSITION_AT);
    int footerLength = trailer.getInt(FOOTER_LENGTH_AT);
    if (recordedLength != objectLength
        || footerPosition < HEADER_SIZE
        || footerLength < HEADER_SIZE
        || footerPosition != objectLength - TRAILER_SIZE - footerLength) {
      throw corrupt(
          key,
          "trailer fields: footerPosition="
              + footerPosition
              + " footerLength="
              + footerLength
              + " recordedLength="
              + recordedLength
              + " objectLength="
              + objectLength);
    }
    return new Trailer(footerPosition, footerLength, trailer.getInt(FOOTER_CRC_AT));
  }

  private static ByteBuffer view(ByteBuffer bytes, int position, int length) {
    return bytes.slice(position, length).order(ByteOrder.BIG_ENDIAN);
  }

  static CorruptObjectException corrupt(ObjectKey key, String reason) {
    return new CorruptObjectException("sorted object key=" + key + ": " + reason);
  }

  private static String hex(long expected, long actual) {
    return String.format("expected=0x%x actual=0x%x", expected, actual);
  }

  private static String hex(int expected, int actual) {
    return "expected=" + Checksums.hex(expected) + " actual=" + Checksums.hex(actual);
  }
}
