package io.sediment.frontend.retention;

import io.sediment.frontend.kafka.TopicConfigDefinitions;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.jspecify.annotations.Nullable;

/** What a topic's configs say about how long it keeps its records; -1 stands for no limit. */
record RetentionLimits(long retentionMs, long retentionBytes) {
  static final long NO_LIMIT = -1;
  private static final long DEFAULT_RETENTION_MS = Duration.ofDays(7).toMillis();

  /**
   * @param partitionCount which the topic's share of the budget is spread over
   * @param budgetBytes what all topics of the cluster may take together, or no limit
   */
  static RetentionLimits of(Map<String, String> configs, int partitionCount, long budgetBytes) {
    RetentionLimits own = of(configs);
    double percent = percent(configs);
    if (percent < 0 || budgetBytes == NO_LIMIT || !deletes(configs)) {
      return own;
    }
    long share = (long) (budgetBytes / 100.0 * percent / partitionCount);
    return new RetentionLimits(
        own.retentionMs,
        own.retentionBytes == NO_LIMIT ? share : Math.min(share, own.retentionBytes));
  }

  /** Without any share of a budget. */
  static RetentionLimits of(Map<String, String> configs) {
    if (!deletes(configs)) {
      return new RetentionLimits(NO_LIMIT, NO_LIMIT);
    }
    return new RetentionLimits(
        limit(configs.get(TopicConfig.RETENTION_MS_CONFIG), DEFAULT_RETENTION_MS),
        limit(configs.get(TopicConfig.RETENTION_BYTES_CONFIG), NO_LIMIT));
  }

  /** The topic's share of the budget, negative for none. */
  static double percent(Map<String, String> configs) {
    String value = configs.get(TopicConfigDefinitions.RETENTION_BUDGET_PERCENT);
    return value == null ? NO_LIMIT : Double.parseDouble(value.strip());
  }

  private static boolean deletes(Map<String, String> configs) {
    return policy(configs).contains(TopicConfig.CLEANUP_POLICY_DELETE);
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
