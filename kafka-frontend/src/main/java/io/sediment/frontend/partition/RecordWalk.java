package io.sediment.frontend.partition;

import io.sediment.frontend.partition.BatchVerdict.RecordError;
import io.sediment.frontend.partition.BatchVerdict.Rejected;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.records.BrokenRecordsException;
import io.sediment.lsm.records.Inflater;
import io.sediment.lsm.records.RecordInput;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Walks the records of one batch without making objects of them.
 *
 * <pre>
 *   record:  length varint | attributes 1 | timestampDelta varlong | offsetDelta varint
 *            | keyLength varint | key | valueLength varint | value | headers varint | header …
 *   header:  keyLength varint | key | valueLength varint | value
 * </pre>
 *
 * <p>Source: Kafka protocol guide, "Record". Lengths of -1 mean null, where null is allowed. A
 * broken structure is one complaint about the batch; a record that breaks a rule of its topic is
 * named by its place in the batch.
 */
final class RecordWalk {
  private static final int RECORD_ERRORS_MAX = 100;
  private static final long NO_TIMESTAMP = -1;

  /**
   * What a walk found.
   *
   * @param rejection null where all records may be taken
   * @param maxTimestamp the largest of a record, -1 where none has any
   */
  record Found(@Nullable Rejected rejection, long maxTimestamp) {}

  private final RecordInput input;
  private final TopicSettings settings;
  private final long baseTimestamp;
  private final long nowMs;
  private final List<RecordError> errors = new ArrayList<>(0);
  private Errors firstError = Errors.NONE;
  private long maxTimestamp = NO_TIMESTAMP;

  private RecordWalk(RecordInput input, TopicSettings settings, long baseTimestamp, long nowMs) {
    this.input = input;
    this.settings = settings;
    this.baseTimestamp = baseTimestamp;
    this.nowMs = nowMs;
  }

  /** Walks a batch whose header is sound. */
  static Found through(ByteBuffer batch, TopicSettings settings, long nowMs, Inflater inflater) {
    int at = batch.position();
    int count = RecordBatchLayout.recordsCount(batch, at);
    long baseTimestamp = RecordBatchLayout.baseTimestamp(batch, at);
    try (RecordInput input = RecordInput.of(batch, settings.decompressedBytesMax(), inflater)) {
      RecordWalk walk = new RecordWalk(input, settings, baseTimestamp, nowMs);
      Rejected rejection = walk.walk(count);
      return new Found(rejection, walk.maxTimestamp);
    } catch (BrokenRecordsException e) {
      return new Found(
          Rejected.of(Errors.INVALID_RECORD, String.valueOf(e.getMessage())), NO_TIMESTAMP);
    }
  }

  private @Nullable Rejected walk(int count) throws BrokenRecordsException {
    for (int i = 0; i < count; i++) {
      walkRecord(i);
    }
    if (!input.isExhausted()) {
      throw new BrokenRecordsException("bytes behind the last record: records=" + count);
    }
    return errors.isEmpty()
        ? null
        : new Rejected(
            firstError, errors.size() + " records rejected: " + errors.get(0).message(), errors);
  }

  private void walkRecord(int index) throws BrokenRecordsException {
    int length = input.varint();
    if (length < 0) {
      throw new BrokenRecordsException("record size: record=" + index + " size=" + length);
    }
    long end = input.position() + length;
    input.skip(1); // attributes, unused
    long timestamp = baseTimestamp + input.varlong();
    maxTimestamp = Math.max(maxTimestamp, timestamp);
    int offsetDelta = input.varint();
    if (offsetDelta != index) {
      throw new BrokenRecordsException(
          "record offset: expected delta=" + index + " actual=" + offsetDelta);
    }
    int keyLength = nullableField(index, "key");
    nullableField(index, "value");
    int headers = input.varint();
    if (headers < 0) {
      throw new BrokenRecordsException("record headers: record=" + index + " count=" + headers);
    }
    for (int i = 0; i < headers; i++) {
      int headerKey = input.varint();
      if (headerKey < 0) {
        throw new BrokenRecordsException("header key: record=" + index + " size=" + headerKey);
      }
      input.skip(headerKey);
      nullableField(index, "header value");
    }
    if (input.position() != end) {
      throw new BrokenRecordsException(
          "record size: record="
              + index
              + " stated="
              + length
              + " actual="
              + (length + input.position() - end));
    }
    if (settings.compacted() && keyLength < 0) {
      complain(index, Errors.INVALID_RECORD, "a compacted topic needs a key in every record");
    }
    if (!settings.allowsTimestamp(timestamp, nowMs) && checksTimestamps()) {
      complain(
          index,
          Errors.INVALID_TIMESTAMP,
          "timestamp out of range: timestamp=" + timestamp + " now=" + nowMs);
    }
  }

  private boolean checksTimestamps() {
    return settings.timestampType()
        == org.apache.kafka.common.record.TimestampType.CREATE_TIME; // else they are overwritten
  }

  private void complain(int index, Errors error, String message) {
    if (errors.isEmpty()) {
      firstError = error;
    }
    if (errors.size() < RECORD_ERRORS_MAX) {
      errors.add(new RecordError(index, message));
    }
  }

  private int nullableField(int index, String name) throws BrokenRecordsException {
    int length = input.varint();
    if (length < -1) {
      throw new BrokenRecordsException("record " + name + ": record=" + index + " size=" + length);
    }
    if (length > 0) {
      input.skip(length);
    }
    return length;
  }
}
