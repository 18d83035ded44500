package io.sediment.frontend.retention;

import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.jspecify.annotations.Nullable;

/** What a topic's configs say about how long it keeps its records; -1 stands for no limit. */
record RetentionLimits(long retentionMs, long retentionBytes) {
  static final long NO_LIMIT = -1;
  private static final long DEFAULT_RETENTION_MS = Duration.ofDays(7).toMillis();

  static RetentionLimits of(Map<String, String> configs) {
    if (!policy(configs).contains(TopicConfig.CLEANUP_POLICY_DELETE)) {
      return new RetentionLimits(NO_LIMIT, NO_LIMIT);
    }
    return new RetentionLimits(
        limit(configs.get(TopicConfig.RETENTION_MS_CONFIG), DEFAULT_RETENTION_MS),
        limit(configs.get(TopicConfig.RETENTION_BYTES_CONFIG), NO_LIMIT));
  }

  static boolean isCompacted(Map<String, String> configs) {
    return policy(configs).contains(TopicConfig.CLEANUP_POLICY_COMPACT);
  }

  private static String policy(Map<String, String> configs) {
    return configs.getOrDefault(
        TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE);
  }

  private static long limit(@Nullable String value, long otherwise) {
    return value == null ? otherwise : Long.parseLong(value.strip());
  }

  boolean keepsAll() {
    return retentionMs == NO_LIMIT && retentionBytes == NO_LIMIT;
  }
}
