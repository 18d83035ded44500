package io.sediment.frontend.partition;

import io.sediment.frontend.kafka.KafkaInflater;
import io.sediment.frontend.kafka.RecordRewriter;
import io.sediment.frontend.kafka.RecordRewriter.RecordsRejectedException;
import io.sediment.frontend.partition.BatchVerdict.RecordError;
import io.sediment.frontend.partition.BatchVerdict.Rejected;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.records.Inflater;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.CompressionType;

/** The heavy half of validation: decompresses and writes anew. For workers. */
public final class BatchPreparer {
  /** Outcome: bytes to append, or why not. Exactly one of them. */
  public sealed interface Prepared {
    record Batch(ByteBuffer bytes) implements Prepared {}

    record Refused(Rejected rejected) implements Prepared {}
  }

  private final InstantSource clock;
  private final Inflater inflater = new KafkaInflater();

  /**
   * @param clock what LogAppendTime is stamped with
   */
  public BatchPreparer(InstantSource clock) {
    this.clock = clock;
  }

  /**
   * Finishes what {@link BatchValidator} left with {@link BatchVerdict.NeedsWork}.
   *
   * @param batch one batch with a sound header; may be changed
   */
  public Prepared prepare(ByteBuffer batch, String topic, int partition, TopicSettings settings) {
    long nowMs = clock.millis();
    CompressionType codec = BatchValidator.codecOf(batch);
    RecordWalk.Found walked = RecordWalk.through(batch, settings, nowMs, inflater);
    if (walked.rejection() != null) {
      return new Prepared.Refused(walked.rejection());
    }
    if (!settings.rewrites(codec)) {
      // As Kafka does: sarama before 1.45.1 leaves it out, and retention and searches rest on it.
      correctMaxTimestamp(batch, walked.maxTimestamp());
      return new Prepared.Batch(batch);
    }
    try {
      ByteBuffer rewritten =
          RecordRewriter.rewrite(
              batch.slice(),
              topic,
              partition,
              codec,
              new RecordRewriter.Target(
                  compression(settings, codec),
                  settings.timestampType(),
                  settings.timestampBeforeMaxMs(),
                  settings.timestampAfterMaxMs(),
                  settings.decompressedBytesMax()),
              nowMs);
      return rewritten.remaining() > settings.batchBytesMax()
          ? refused(
              Errors.MESSAGE_TOO_LARGE,
              "record batch written anew: bytes="
                  + rewritten.remaining()
                  + " max.message.bytes="
                  + settings.batchBytesMax())
          : new Prepared.Batch(rewritten);
    } catch (RecordsRejectedException e) {
      List<RecordError> records =
          e.records().stream()
              .map(error -> new RecordError(error.batchIndex, String.valueOf(error.message)))
              .toList();
      return new Prepared.Refused(
          new Rejected(Errors.forException(e.getCause()), String.valueOf(e.getMessage()), records));
    } catch (ApiException e) {
      return refused(Errors.forException(e), String.valueOf(e.getMessage()));
    } catch (KafkaException e) {
      return refused(Errors.INVALID_RECORD, String.valueOf(e.getMessage()));
    }
  }

  private static void correctMaxTimestamp(ByteBuffer batch, long maxTimestamp) {
    int at = batch.position();
    if (RecordBatchLayout.maxTimestamp(batch, at) != maxTimestamp) {
      batch.putLong(at + RecordBatchLayout.MAX_TIMESTAMP, maxTimestamp);
      batch.putInt(at + RecordBatchLayout.CRC, BatchValidator.crcOf(batch));
    }
  }

  private static Prepared.Refused refused(Errors error, String message) {
    return new Prepared.Refused(Rejected.of(error, message));
  }

  private static Compression compression(TopicSettings settings, CompressionType codec) {
    CompressionType target =
        settings.targetCompression() == null ? codec : settings.targetCompression();
    return switch (target) {
      case NONE -> Compression.NONE;
      case GZIP -> Compression.gzip().level(settings.gzipLevel()).build();
      case SNAPPY -> Compression.snappy().build();
      case LZ4 -> Compression.lz4().level(settings.lz4Level()).build();
      case ZSTD -> Compression.zstd().level(settings.zstdLevel()).build();
    };
  }
}
