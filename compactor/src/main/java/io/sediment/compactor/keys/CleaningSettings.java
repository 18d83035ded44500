package io.sediment.compactor.keys;

import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The configs of a topic that log compaction goes by, with Kafka's names and defaults.
 *
 * @param compacts whether only the last record of each key shall stay
 * @param deletes whether retention applies (as well)
 * @param deleteRetentionMs how long tombstones stay once what they delete is gone
 * @param lagMsMin records that are younger stay
 * @param lagMsMax where a record is older, a pass is due whatever the ratio
 * @param dirtyRatioMin share of the bytes that must be new for a pass to be worth it
 * @param inflatedBytesMax most that a batch may hold when decompressed
 */
public record CleaningSettings(
    boolean compacts,
    boolean deletes,
    long deleteRetentionMs,
    long lagMsMin,
    long lagMsMax,
    double dirtyRatioMin,
    long inflatedBytesMax) {
  public static final String POLICY = "cleanup.policy";
  public static final String DELETE_RETENTION_MS = "delete.retention.ms";
  public static final String LAG_MS_MIN = "min.compaction.lag.ms";
  public static final String LAG_MS_MAX = "max.compaction.lag.ms";
  public static final String DIRTY_RATIO_MIN = "min.cleanable.dirty.ratio";

  /** What is accepted under the highest limit a topic can have must be readable here as well. */
  private static final long INFLATED_BYTES_MAX = Integer.MAX_VALUE;

  private static final String DAY_MS = "86400000";

  public static final CleaningSettings DEFAULTS = of(Map.of());

  public CleaningSettings {
    if (deleteRetentionMs < 0
        || lagMsMin < 0
        || lagMsMax < 1
        || !(dirtyRatioMin >= 0 && dirtyRatioMin <= 1)) {
      throw new IllegalArgumentException(
          "cleaning settings: deleteRetentionMs="
              + deleteRetentionMs
              + " lagMsMin="
              + lagMsMin
              + " lagMsMax="
              + lagMsMax
              + " dirtyRatioMin="
              + dirtyRatioMin);
    }
  }

  /**
   * @param configs what is set on the topic or, failing that, on the broker, by topic config name;
   *     values were checked when they were set
   */
  public static CleaningSettings of(Map<String, String> configs) {
    Set<String> policies =
        Stream.of(configs.getOrDefault(POLICY, "delete").split(","))
            .map(policy -> policy.strip().toLowerCase(java.util.Locale.ROOT))
            .collect(Collectors.toSet());
    return new CleaningSettings(
        policies.contains("compact"),
        policies.contains("delete"),
        Long.parseLong(configs.getOrDefault(DELETE_RETENTION_MS, DAY_MS).strip()),
        Long.parseLong(configs.getOrDefault(LAG_MS_MIN, "0").strip()),
        Long.parseLong(configs.getOrDefault(LAG_MS_MAX, Long.toString(Long.MAX_VALUE)).strip()),
        Double.parseDouble(configs.getOrDefault(DIRTY_RATIO_MIN, "0.5").strip()),
        INFLATED_BYTES_MAX);
  }
}
