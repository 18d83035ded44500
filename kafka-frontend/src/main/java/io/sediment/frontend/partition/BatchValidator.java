package io.sediment.frontend.partition;

import static io.sediment.lsm.batch.RecordBatchLayout.ATTRIBUTES;

import io.sediment.frontend.partition.BatchVerdict.Rejected;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.records.Inflater;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.CompressionType;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether bytes that a client sent for a partition are one record batch that may be
 * appended, with the error codes Kafka gives. Pure.
 *
 * <p>The header is checked whole, with the checksum over all bytes. Records are walked where they
 * lie open; a compressed batch is left to a worker ({@link BatchVerdict.NeedsWork}).
 */
public final class BatchValidator {
  private static final int CODEC_MASK = 0x07;
  private static final int TIMESTAMP_TYPE_MASK = 0x08;
  private static final int HIGHEST_CODEC = CompressionType.ZSTD.id;

  private BatchValidator() {}

  /**
   * @param batch from position to limit what the client sent for one partition; not changed
   * @param zstdAllowed false for requests so old that consumers of the same age cannot read zstd
   */
  public static BatchVerdict validate(
      ByteBuffer batch, TopicSettings settings, long nowMs, boolean zstdAllowed) {
    int size = batch.remaining();
    int at = batch.position();
    if (size == 0) {
      return invalid("no record batch");
    }
    if (size <= RecordBatchLayout.MAGIC) {
      return corrupt("record batch cut off: bytes=" + size);
    }
    byte magic = RecordBatchLayout.magic(batch, at);
    if (magic != RecordBatchLayout.CURRENT_MAGIC) {
      return invalid("record batch magic: expected=2 actual=" + magic);
    }
    if (size < RecordBatchLayout.HEADER_SIZE) {
      return corrupt("record batch cut off: bytes=" + size);
    }
    long stated =
        (long) batch.getInt(at + RecordBatchLayout.BATCH_LENGTH)
            + RecordBatchLayout.LENGTH_OVERHEAD;
    if (stated < RecordBatchLayout.HEADER_SIZE || stated > size) {
      return corrupt("record batch size: stated=" + stated + " actual=" + size);
    }
    if (stated < size) {
      return invalid("more than one record batch: first=" + stated + " bytes=" + size);
    }
    if (size > settings.batchBytesMax()) {
      return Rejected.of(
          Errors.MESSAGE_TOO_LARGE,
          "record batch: bytes=" + size + " max.message.bytes=" + settings.batchBytesMax());
    }
    int crc = crcOf(batch);
    if (crc != RecordBatchLayout.crc(batch, at)) {
      return corrupt(
          "record batch crc: stated="
              + Integer.toHexString(RecordBatchLayout.crc(batch, at))
              + " computed="
              + Integer.toHexString(crc));
    }
    Rejected header = validateHeader(batch, at);
    if (header != null) {
      return header;
    }
    return validateContent(batch, settings, nowMs, zstdAllowed);
  }

  static int crcOf(ByteBuffer batch) {
    CRC32C crc = new CRC32C();
    crc.update(batch.slice(batch.position() + ATTRIBUTES, batch.remaining() - ATTRIBUTES));
    return (int) crc.getValue();
  }

  private static @Nullable Rejected validateHeader(ByteBuffer batch, int at) {
    if (RecordBatchLayout.baseOffset(batch, at) != 0) {
      return invalid("base offset: expected=0 actual=" + RecordBatchLayout.baseOffset(batch, at));
    }
    short attributes = RecordBatchLayout.attributes(batch, at);
    if ((attributes & CODEC_MASK) > HIGHEST_CODEC) {
      return invalid("unknown compression: codec=" + (attributes & CODEC_MASK));
    }
    if (RecordBatchLayout.isControl(batch, at)) {
      return invalid("clients must not write control batches");
    }
    int count = RecordBatchLayout.recordsCount(batch, at);
    int lastDelta = RecordBatchLayout.lastOffsetDelta(batch, at);
    if (count <= 0 || lastDelta < 0 || lastDelta != count - 1) {
      return invalid("record counts: records=" + count + " lastOffsetDelta=" + lastDelta);
    }
    long producerId = RecordBatchLayout.producerId(batch, at);
    int epoch = RecordBatchLayout.producerEpoch(batch, at);
    int sequence = RecordBatchLayout.baseSequence(batch, at);
    if (producerId < RecordBatchLayout.NO_PRODUCER_ID
        || (producerId >= 0 && (epoch < 0 || sequence < 0))) {
      return invalid(
          "producer: id=" + producerId + " epoch=" + epoch + " baseSequence=" + sequence);
    }
    if (RecordBatchLayout.isTransactional(batch, at)) {
      return Rejected.of(Errors.INVALID_TXN_STATE, "no transaction is open for this partition");
    }
    if ((attributes & TIMESTAMP_TYPE_MASK) != 0) {
      return Rejected.of(
          Errors.INVALID_TIMESTAMP, "producers must not set the timestamp type LogAppendTime");
    }
    return null;
  }

  private static BatchVerdict validateContent(
      ByteBuffer batch, TopicSettings settings, long nowMs, boolean zstdAllowed) {
    CompressionType codec = codecOf(batch);
    if (codec == CompressionType.ZSTD && !zstdAllowed) {
      return Rejected.of(
          Errors.UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7 or higher");
    }
    if (codec == CompressionType.NONE) {
      long maxTimestamp = RecordBatchLayout.maxTimestamp(batch, batch.position());
      RecordWalk.Found found = RecordWalk.through(batch, settings, nowMs, Inflater.PLAIN);
      if (found.rejection() != null) {
        return found.rejection();
      }
      return settings.rewrites(codec) || found.maxTimestamp() != maxTimestamp
          ? BatchVerdict.NeedsWork.NEEDS_WORK
          : accepted();
    }
    return BatchVerdict.NeedsWork.NEEDS_WORK;
  }

  /** The codec in a batch whose header is sound. */
  public static CompressionType codecOf(ByteBuffer batch) {
    return CompressionType.forId(
        RecordBatchLayout.attributes(batch, batch.position()) & CODEC_MASK);
  }

  private static BatchVerdict accepted() {
    return BatchVerdict.Accepted.ACCEPTED;
  }

  private static Rejected invalid(String message) {
    return Rejected.of(Errors.INVALID_RECORD, message);
  }

  private static Rejected corrupt(String message) {
    return Rejected.of(Errors.CORRUPT_MESSAGE, message);
  }
}
