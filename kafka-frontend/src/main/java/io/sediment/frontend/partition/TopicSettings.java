package io.sediment.frontend.partition;

import io.sediment.frontend.kafka.TopicConfigDefinitions;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.jspecify.annotations.Nullable;

/**
 * The configs of a topic that decide which batches it takes, with Kafka's defaults.
 *
 * @param batchBytesMax largest batch, header and all (max.message.bytes)
 * @param decompressedBytesMax most that a batch may hold when decompressed
 * @param targetCompression codec that batches are stored in, null for the producer's own
 * @param compacted whether every record needs a key
 * @param timestampBeforeMaxMs how far in the past a record's timestamp may lie
 * @param timestampAfterMaxMs how far in the future
 */
public record TopicSettings(
    int batchBytesMax,
    int decompressedBytesMax,
    @Nullable CompressionType targetCompression,
    int gzipLevel,
    int zstdLevel,
    int lz4Level,
    boolean compacted,
    TimestampType timestampType,
    long timestampBeforeMaxMs,
    long timestampAfterMaxMs) {
  private static final int BATCH_BYTES_MAX = 1_048_588;

  private static final long HOUR_MS = 3_600_000;
  private static final int GZIP_LEVEL = -1;
  private static final int ZSTD_LEVEL = 3;
  private static final int LZ4_LEVEL = 9;

  public static final TopicSettings DEFAULTS = of(Map.of());

  /**
   * @param configs what is set on the topic or, failing that, on the broker, by topic config name;
   *     values were checked when they were set
   */
  public static TopicSettings of(Map<String, String> configs) {
    String codec = configs.getOrDefault(TopicConfig.COMPRESSION_TYPE_CONFIG, "producer");
    int batchBytesMax = intOf(configs, TopicConfig.MAX_MESSAGE_BYTES_CONFIG, BATCH_BYTES_MAX);
    return new TopicSettings(
        batchBytesMax,
        intOf(
            configs,
            TopicConfig.MAX_DECOMPRESSED_MESSAGE_BYTES_CONFIG,
            Math.max(TopicConfigDefinitions.DECOMPRESSED_BYTES_MAX, batchBytesMax)),
        switch (codec) {
          case "producer" -> null;
          case "uncompressed" -> CompressionType.NONE;
          default -> CompressionType.forName(codec);
        },
        intOf(configs, TopicConfig.COMPRESSION_GZIP_LEVEL_CONFIG, GZIP_LEVEL),
        intOf(configs, TopicConfig.COMPRESSION_ZSTD_LEVEL_CONFIG, ZSTD_LEVEL),
        intOf(configs, TopicConfig.COMPRESSION_LZ4_LEVEL_CONFIG, LZ4_LEVEL),
        configs
            .getOrDefault(TopicConfig.CLEANUP_POLICY_CONFIG, "delete")
            .toLowerCase(Locale.ROOT)
            .contains("compact"),
        TimestampType.forName(
            configs.getOrDefault(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime")),
        longOf(configs, TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG, Long.MAX_VALUE),
        longOf(configs, TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG, HOUR_MS));
  }

  private static int intOf(Map<String, String> configs, String name, int otherwise) {
    String value = configs.get(name);
    return value == null ? otherwise : Integer.parseInt(value.trim());
  }

  private static long longOf(Map<String, String> configs, String name, long otherwise) {
    String value = configs.get(name);
    return value == null ? otherwise : Long.parseLong(value.trim());
  }

  /** Whether a batch in {@code codec} has to be written anew before it is stored. */
  boolean rewrites(CompressionType codec) {
    return timestampType == TimestampType.LOG_APPEND_TIME
        || (targetCompression != null && targetCompression != codec);
  }

  /** Whether {@code timestampMs} lies in the allowed window around {@code nowMs}. */
  boolean allowsTimestamp(long timestampMs, long nowMs) {
    if (timestampMs == RecordBatch.NO_TIMESTAMP) {
      return true;
    }
    if (timestampMs < 0) {
      return false;
    }
    // Compared as differences from now, either side of which may be the whole range of a long.
    return timestampMs <= nowMs
        ? nowMs - timestampMs <= timestampBeforeMaxMs
        : timestampMs - nowMs <= timestampAfterMaxMs;
  }
}
