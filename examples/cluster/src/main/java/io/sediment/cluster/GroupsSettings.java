package io.sediment.cluster;

import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a broker is told about consumer groups, named after Kafka's own configs. */
record GroupsSettings(
    int offsetsTopicPartitions,
    int offsetsRetentionMinutes,
    int offsetMetadataBytesMax,
    int initialRebalanceDelayMs,
    int sessionTimeoutMsMin,
    int sessionTimeoutMsMax,
    int sizeMax,
    Optional<Long> memberBytesMax,
    Map<String, String> others) {
  private static final Setting<Integer> OFFSETS_TOPIC_PARTITIONS =
      new Setting<>(
          "OFFSETS_TOPIC_PARTITIONS",
          "50",
          ValueTypes.integer(1, 10_000, "a whole number"),
          "Partitions of `__consumer_offsets` when it is created, with the first group; they never"
              + " change");
  private static final Setting<Integer> OFFSETS_RETENTION_MINUTES =
      new Setting<>(
          "OFFSETS_RETENTION_MINUTES",
          "10080",
          ValueTypes.integer(1, Integer.MAX_VALUE, "minutes"),
          "How long committed offsets of a group without members are kept");
  private static final Setting<Integer> OFFSET_METADATA_MAX_BYTES =
      new Setting<>(
          "OFFSET_METADATA_MAX_BYTES",
          "4096",
          ValueTypes.integer(0, 1 << 20, "bytes"),
          "Longest text that may be committed with an offset");
  private static final Setting<Integer> GROUP_INITIAL_REBALANCE_DELAY_MS =
      new Setting<>(
          "GROUP_INITIAL_REBALANCE_DELAY_MS",
          "3000",
          ValueTypes.integer(0, 3_600_000, "milliseconds"),
          "How long the first member of a classic group waits for others");
  private static final Setting<Integer> GROUP_MIN_SESSION_TIMEOUT_MS =
      new Setting<>(
          "GROUP_MIN_SESSION_TIMEOUT_MS",
          "6000",
          ValueTypes.integer(1, Integer.MAX_VALUE, "milliseconds"),
          "Shortest session timeout that a member of a classic group may ask for");
  private static final Setting<Integer> GROUP_MAX_SESSION_TIMEOUT_MS =
      new Setting<>(
          "GROUP_MAX_SESSION_TIMEOUT_MS",
          "1800000",
          ValueTypes.integer(1, Integer.MAX_VALUE, "milliseconds"),
          "Longest session timeout that a member of a classic group may ask for");
  private static final Setting<Integer> GROUP_MAX_SIZE =
      new Setting<>(
          "GROUP_MAX_SIZE",
          "2147483647",
          ValueTypes.integer(1, Integer.MAX_VALUE, "a whole number"),
          "Most members of a classic or consumer group");
  private static final Setting<Optional<Long>> GROUP_MEMBER_MEMORY =
      new Setting<>(
          "GROUP_MEMBER_MEMORY",
          "",
          ValueTypes.optional(ValueTypes.bytes(1 << 20)),
          "Memory on the heap for what members of all groups say of themselves. Unset: an eighth of"
              + " the memory budget");

  private static final Setting<TreeMap<String, String>> GROUP_CONFIGS =
      new Setting<>(
          "GROUP_CONFIGS",
          "",
          ValueTypes.configs(),
          "Any other of Kafka's configs of a group coordinator, such as"
              + " `group.consumer.session.timeout.ms=30000`");

  static final List<Setting<?>> ALL =
      List.of(
          OFFSETS_TOPIC_PARTITIONS,
          OFFSETS_RETENTION_MINUTES,
          OFFSET_METADATA_MAX_BYTES,
          GROUP_INITIAL_REBALANCE_DELAY_MS,
          GROUP_MIN_SESSION_TIMEOUT_MS,
          GROUP_MAX_SESSION_TIMEOUT_MS,
          GROUP_MAX_SIZE,
          GROUP_MEMBER_MEMORY,
          GROUP_CONFIGS);

  /**
   * Reads and checks the settings about groups.
   *
   * @throws InvalidSettingException naming the first variable that cannot be right
   */
  static GroupsSettings from(Map<String, String> environment) {
    int min = GROUP_MIN_SESSION_TIMEOUT_MS.in(environment);
    int max = GROUP_MAX_SESSION_TIMEOUT_MS.in(environment);
    if (max < min) {
      throw new InvalidSettingException(
          GROUP_MAX_SESSION_TIMEOUT_MS.name(),
          Integer.toString(max),
          "at least GROUP_MIN_SESSION_TIMEOUT_MS, which is " + min);
    }
    GroupsSettings settings =
        new GroupsSettings(
            OFFSETS_TOPIC_PARTITIONS.in(environment),
            OFFSETS_RETENTION_MINUTES.in(environment),
            OFFSET_METADATA_MAX_BYTES.in(environment),
            GROUP_INITIAL_REBALANCE_DELAY_MS.in(environment),
            min,
            max,
            GROUP_MAX_SIZE.in(environment),
            GROUP_MEMBER_MEMORY.in(environment),
            GROUP_CONFIGS.in(environment));
    try {
      GroupConfigDefinitions.requireCoordinatorConfigs(settings.asKafkaConfigs());
    } catch (RuntimeException e) { // of several kinds, each with a sentence that names the config
      throw new InvalidSettingException(
          GROUP_CONFIGS.name(),
          GROUP_CONFIGS.in(environment).entrySet().stream()
              .map(config -> config.getKey() + "=" + config.getValue())
              .collect(Collectors.joining(",")),
          "what Kafka's group coordinator takes: " + e.getMessage());
    }
    return settings;
  }

  /**
   * Under Kafka's names, but for the number of partitions, which the topic has itself, and the
   * memory, which Kafka does not limit.
   */
  Map<String, String> asKafkaConfigs() {
    Map<String, String> configs = new TreeMap<>(others);
    configs.putAll(
        Map.of(
            "offsets.retention.minutes",
            Integer.toString(offsetsRetentionMinutes),
            "offset.metadata.max.bytes",
            Integer.toString(offsetMetadataBytesMax),
            "group.initial.rebalance.delay.ms",
            Integer.toString(initialRebalanceDelayMs),
            "group.min.session.timeout.ms",
            Integer.toString(sessionTimeoutMsMin),
            "group.max.session.timeout.ms",
            Integer.toString(sessionTimeoutMsMax),
            "group.max.size",
            Integer.toString(sizeMax),
            "group.consumer.max.size",
            Integer.toString(sizeMax)));
    return configs;
  }
}
