package io.sediment.frontend.kafka;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.requests.ProduceResponse.RecordError;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.internals.BufferSupplier;
import org.apache.kafka.common.utils.internals.PrimitiveRef;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;

/** Writes a batch anew as its topic wants it, with Kafka's own validator. */
public final class RecordRewriter {
  /** A topic's wishes. */
  public record Target(
      Compression compression,
      TimestampType timestampType,
      long timestampBeforeMaxMs,
      long timestampAfterMaxMs,
      int recordBytesMax) {}

  /** Some records broke a rule; {@code cause} has the error code. */
  public static final class RecordsRejectedException extends Exception {
    private static final long serialVersionUID = 1;
    private final transient List<RecordError> records;

    RecordsRejectedException(ApiException cause, List<RecordError> records) {
      super(cause);
      this.records = records;
    }

    public List<RecordError> records() {
      return records;
    }
  }

  private RecordRewriter() {}

  /**
   * The batch in the target's compression and timestamp type, in the same memory where that can be.
   * Decompresses: for workers only.
   *
   * @param nowMs what LogAppendTime stamps
   * @param batch one sound v2 batch; may be changed
   * @throws RecordsRejectedException if a record breaks a rule of the topic
   * @throws ApiException if the batch cannot be read as its header says
   */
  public static ByteBuffer rewrite(
      ByteBuffer batch,
      String topic,
      int partition,
      CompressionType codec,
      Target target,
      long nowMs)
      throws RecordsRejectedException {
    LogValidator validator =
        new LogValidator(
            MemoryRecords.readableRecords(batch),
            new TopicPartition(topic, partition),
            new StoppedClock(nowMs),
            codec,
            target.compression(),
            false, // keys were checked already
            RecordBatch.CURRENT_MAGIC_VALUE,
            target.timestampType(),
            target.timestampBeforeMaxMs(),
            target.timestampAfterMaxMs(),
            RecordBatch.NO_PARTITION_LEADER_EPOCH,
            AppendOrigin.CLIENT,
            target.recordBytesMax());
    try {
      return validator
          .validateMessagesAndAssignOffsets(
              PrimitiveRef.ofLong(0), new Uncounted(), BufferSupplier.NO_CACHING)
          .validatedRecords()
          .buffer();
    } catch (RecordValidationException e) {
      throw new RecordsRejectedException(e.invalidException(), e.recordErrors());
    }
  }

  /** The one moment at which a batch is validated. */
  private record StoppedClock(long milliseconds) implements Time {
    @Override
    public long nanoseconds() {
      return TimeUnit.MILLISECONDS.toNanos(milliseconds);
    }

    @Override
    public void sleep(long ms) {
      throw new UnsupportedOperationException("validation does not wait");
    }

    @Override
    public void waitObject(Object object, Supplier<Boolean> condition, long deadlineMs) {
      throw new UnsupportedOperationException("validation does not wait");
    }
  }

  /** Rejections are counted by the front end, not here. */
  private static final class Uncounted implements LogValidator.MetricsRecorder {
    @Override
    public void recordInvalidMagic() {}

    @Override
    public void recordInvalidOffset() {}

    @Override
    public void recordInvalidSequence() {}

    @Override
    public void recordInvalidChecksums() {}

    @Override
    public void recordNoKeyCompactedTopic() {}
  }
}
