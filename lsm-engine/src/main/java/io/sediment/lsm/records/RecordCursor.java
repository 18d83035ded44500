package io.sediment.lsm.records;

import io.sediment.lsm.batch.RecordBatchLayout;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * Goes through the records of one batch, one record in memory at a time.
 *
 * <pre>
 *   record:  length varint | body
 *   body:    attributes 1 | timestampDelta varlong | offsetDelta varint
 *            | keyLength varint | key | valueLength varint | value | headers
 * </pre>
 *
 * <p>Source: Kafka protocol guide, "Record". A length of -1 means null. Headers are carried along
 * unread.
 */
public final class RecordCursor implements AutoCloseable {
  private static final int GROWTH_BYTES = 64 << 10;

  private final RecordInput input;
  private final long baseOffset;
  private final long baseTimestamp;
  private final long bytesMax;
  private final int count;
  private int read;
  private byte[] body = new byte[256];
  private int bodyLength;
  private int at;
  private long timestamp;
  private int offsetDeltaAt;
  private long offset;
  private int keyAt;
  private int keyLength;
  private int valueAt;
  private int valueLength;

  /**
   * @param batch from position to limit one batch whose header is sound
   * @param inflatedBytesMax most that compressed records may hold
   */
  public RecordCursor(ByteBuffer batch, long inflatedBytesMax) throws BrokenRecordsException {
    int start = batch.position();
    this.input = RecordInput.of(batch, inflatedBytesMax);
    this.baseOffset = RecordBatchLayout.baseOffset(batch, start);
    this.baseTimestamp = RecordBatchLayout.baseTimestamp(batch, start);
    this.count = RecordBatchLayout.recordsCount(batch, start);
    this.bytesMax = Math.max(inflatedBytesMax, batch.remaining());
  }

  /** Moves to the next record; false behind the last one. */
  public boolean next() throws BrokenRecordsException {
    if (read == count) {
      if (!input.isExhausted()) {
        throw new BrokenRecordsException("bytes behind the last record: records=" + count);
      }
      return false;
    }
    read++;
    fill(input.varint());
    at = 1;
    timestamp = baseTimestamp + varlong();
    offsetDeltaAt = at;
    offset = baseOffset + varlong();
    keyLength = (int) varlong();
    keyAt = at;
    skip(keyLength);
    valueLength = (int) varlong();
    valueAt = at;
    skip(valueLength);
    return true;
  }

  public long offset() {
    return offset;
  }

  public long timestamp() {
    return timestamp;
  }

  public boolean hasKey() {
    return keyLength >= 0;
  }

  public boolean hasValue() {
    return valueLength >= 0;
  }

  /** Length of the key in bytes, -1 where there is none. */
  public int keyLength() {
    return keyLength;
  }

  /** Length of the value in bytes, -1 for a tombstone. */
  public int valueLength() {
    return valueLength;
  }

  /** A copy of the key; no bytes where there is none. */
  public byte[] key() {
    return Arrays.copyOfRange(body, keyAt, keyAt + Math.max(0, keyLength));
  }

  /** A copy of the value; no bytes where there is none. */
  public byte[] value() {
    return Arrays.copyOfRange(body, valueAt, valueAt + Math.max(0, valueLength));
  }

  /** Feeds the key, which there is, to {@code digest}. */
  public void digestKey(MessageDigest digest) {
    digest.update(body, keyAt, keyLength);
  }

  /** Writes this record as one of a batch with the same base offset. */
  public void writeTo(RecordOutput out, long newBaseTimestamp) {
    if (newBaseTimestamp == baseTimestamp) {
      out.varlong(bodyLength);
      out.bytes(body, 0, bodyLength);
      return;
    }
    long delta = timestamp - newBaseTimestamp;
    int rest = bodyLength - offsetDeltaAt;
    out.varlong(1 + RecordOutput.sizeOf(delta) + rest);
    out.bytes(body, 0, 1);
    out.varlong(delta);
    out.bytes(body, offsetDeltaAt, rest);
  }

  @Override
  public void close() {
    input.close();
  }

  /** What the record claims to hold is allocated only as it arrives. */
  private void fill(int length) throws BrokenRecordsException {
    if (length < 1 || length > bytesMax) {
      throw new BrokenRecordsException("record size: record=" + (read - 1) + " size=" + length);
    }
    int filled = 0;
    while (filled < length) {
      int step = Math.min(length - filled, Math.max(GROWTH_BYTES, filled));
      if (body.length < filled + step) {
        body = Arrays.copyOf(body, filled + step);
      }
      input.read(body, filled, step);
      filled += step;
    }
    bodyLength = length;
  }

  private long varlong() throws BrokenRecordsException {
    long value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (at == bodyLength) {
        throw brokenBody();
      }
      byte next = body[at++];
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return (value >>> 1) ^ -(value & 1);
      }
    }
    throw brokenBody();
  }

  private void skip(int length) throws BrokenRecordsException {
    if (length < -1 || length > bodyLength - at) {
      throw brokenBody();
    }
    at += Math.max(length, 0);
  }

  private BrokenRecordsException brokenBody() {
    return new BrokenRecordsException(
        "record: record=" + (read - 1) + " size=" + bodyLength + " position=" + at);
  }
}
