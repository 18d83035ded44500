package io.sediment.compactor.keys;

import static io.sediment.lsm.batch.RecordBatchLayout.ATTRIBUTES;
import static io.sediment.lsm.batch.RecordBatchLayout.BASE_TIMESTAMP;
import static io.sediment.lsm.batch.RecordBatchLayout.BATCH_LENGTH;
import static io.sediment.lsm.batch.RecordBatchLayout.CODEC;
import static io.sediment.lsm.batch.RecordBatchLayout.CRC;
import static io.sediment.lsm.batch.RecordBatchLayout.DELETE_HORIZON;
import static io.sediment.lsm.batch.RecordBatchLayout.HEADER_SIZE;
import static io.sediment.lsm.batch.RecordBatchLayout.LENGTH_OVERHEAD;
import static io.sediment.lsm.batch.RecordBatchLayout.MAX_TIMESTAMP;
import static io.sediment.lsm.batch.RecordBatchLayout.RECORDS_COUNT;

import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.codec.Checksums;
import io.sediment.lsm.records.BrokenRecordsException;
import io.sediment.lsm.records.Codec;
import io.sediment.lsm.records.RecordCursor;
import io.sediment.lsm.records.RecordOutput;
import java.nio.ByteBuffer;

/**
 * Writes a batch with fewer records: the same offsets, sequences, epochs, codec and kind, so that
 * to whoever counts by them nothing has changed.
 */
final class BatchRewriter {
  private static final long NO_TIMESTAMP = -1;

  private final ByteBuffer original;
  private final RecordOutput records;
  private int attributes;
  private long baseTimestamp;
  private long maxTimestamp = NO_TIMESTAMP;
  private int count;

  BatchRewriter(ByteBuffer original) throws BrokenRecordsException {
    int at = original.position();
    this.original = original;
    this.records = new RecordOutput(Codec.of(original, at), HEADER_SIZE, original.remaining());
    this.attributes = RecordBatchLayout.attributes(original, at);
    this.baseTimestamp = RecordBatchLayout.baseTimestamp(original, at);
  }

  /** Gives the batch a horizon. Before the first record. */
  void deleteHorizon(long horizonMs) {
    attributes |= DELETE_HORIZON;
    baseTimestamp = horizonMs;
  }

  /** Takes the record that the cursor, over the original, stands at. */
  void append(RecordCursor record) {
    record.writeTo(records, baseTimestamp);
    maxTimestamp = Math.max(maxTimestamp, record.timestamp());
    count++;
  }

  ByteBuffer finish() {
    int at = original.position();
    return sealed(
        records.finish(),
        original,
        attributes,
        baseTimestamp,
        RecordBatchLayout.isLogAppendTime(original, at)
            ? RecordBatchLayout.maxTimestamp(original, at)
            : maxTimestamp,
        count);
  }

  /** The batch without any record. */
  static ByteBuffer emptied(ByteBuffer original) {
    int at = original.position();
    return sealed(
        ByteBuffer.allocate(HEADER_SIZE),
        original,
        RecordBatchLayout.attributes(original, at) & ~(CODEC | DELETE_HORIZON),
        NO_TIMESTAMP,
        RecordBatchLayout.maxTimestamp(original, at),
        0);
  }

  private static ByteBuffer sealed(
      ByteBuffer batch,
      ByteBuffer original,
      int attributes,
      long baseTimestamp,
      long maxTimestamp,
      int count) {
    batch.put(0, original, original.position(), HEADER_SIZE);
    batch.putInt(BATCH_LENGTH, batch.remaining() - LENGTH_OVERHEAD);
    batch.putShort(ATTRIBUTES, (short) attributes);
    batch.putLong(BASE_TIMESTAMP, baseTimestamp);
    batch.putLong(MAX_TIMESTAMP, maxTimestamp);
    batch.putInt(RECORDS_COUNT, count);
    batch.putInt(CRC, Checksums.crc32c(batch, ATTRIBUTES, batch.remaining() - ATTRIBUTES));
    return batch;
  }
}
