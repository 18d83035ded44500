package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.config.ConfigEntry;
import io.sediment.frontend.config.ConfigEntry.Origin;
import io.sediment.frontend.group.GroupSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.coordinator.group.GroupCoordinatorConfig;
import org.apache.kafka.coordinator.group.modern.share.ShareGroupConfig;
import org.jspecify.annotations.Nullable;

/**
 * Which configs a group and its coordinator have, what they may hold and what they are without
 * being set: exactly Kafka's. Immutable, any thread.
 */
public final class GroupConfigDefinitions {
  private final Map<String, String> started;
  private final GroupCoordinatorConfig coordinator;
  private final ShareGroupConfig share = ShareGroupConfig.fromProps(Map.of());

  /**
   * @throws ConfigException if a setting cannot be right
   * @throws IllegalArgumentException if settings do not fit each other
   */
  public GroupConfigDefinitions(GroupSettings settings) {
    started = settings.kafkaConfigs();
    Map<String, Object> configs = new HashMap<>(started);
    configs.put(
        GroupCoordinatorConfig.OFFSETS_TOPIC_PARTITIONS_CONFIG, settings.offsetsTopicPartitions());
    configs.put(
        GroupCoordinatorConfig.GROUP_COORDINATOR_NUM_THREADS_CONFIG, settings.coordinatorThreads());
    this.coordinator = GroupCoordinatorConfig.fromProps(configs);
  }

  /**
   * Checks configs of a coordinator together, as Kafka does at the start of a broker.
   *
   * @throws InvalidConfigurationException for a name that is none
   * @throws ConfigException for a value that cannot be right
   * @throws IllegalArgumentException for values that do not fit each other
   */
  public static void requireCoordinatorConfigs(Map<String, String> configs) {
    for (String name : configs.keySet()) {
      if (!GroupCoordinatorConfig.CONFIG_DEF.names().contains(name)) {
        throw new InvalidConfigurationException("Unknown group coordinator config: " + name);
      }
    }
    GroupCoordinatorConfig.fromProps(configs);
  }

  /** The longest session that a group of the consumer or streams protocol may have. */
  public int longestSessionMs() {
    return Math.max(
        coordinator.consumerGroupMaxSessionTimeoutMs(),
        coordinator.streamsGroupMaxSessionTimeoutMs());
  }

  GroupCoordinatorConfig coordinator() {
    return coordinator;
  }

  ShareGroupConfig share() {
    return share;
  }

  /**
   * Checks names and values together, as Kafka does when the configs of a group are altered.
   *
   * @throws InvalidConfigurationException saying what is wrong with which key
   */
  public void validate(Map<String, String> configs) {
    try {
      GroupConfig.validate(configs, coordinator, share);
    } catch (ConfigException wrongValue) {
      throw new InvalidConfigurationException(wrongValue.getMessage(), wrongValue);
    }
  }

  /** The type of a group's config, null for a name that is none. */
  public ConfigDef.@Nullable Type typeOf(String name) {
    ConfigDef.ConfigKey key = GroupConfig.CONFIG_DEF.configKeys().get(name);
    return key == null ? null : key.type;
  }

  /** What a group's config is without being set, as text. */
  public @Nullable String defaultOf(String name) {
    List<Origin> origins = new ArrayList<>();
    addDefaults(origins, name);
    return origins.isEmpty() ? null : origins.get(0).value();
  }

  /** Every config of a group with the given configs set on it, by name. */
  public List<ConfigEntry> entries(Map<String, String> set) {
    List<ConfigEntry> entries = new ArrayList<>();
    for (String name : new TreeSet<>(GroupConfig.configNames())) {
      ConfigDef.ConfigKey key = GroupConfig.CONFIG_DEF.configKeys().get(name);
      if (key == null || GroupConfig.isInternal(name)) {
        continue;
      }
      List<Origin> origins = new ArrayList<>();
      add(origins, name, set.get(name), ConfigSource.GROUP_CONFIG);
      addDefaults(origins, name);
      Origin inForce =
          origins.isEmpty() ? new Origin(name, null, ConfigSource.DEFAULT_CONFIG) : origins.get(0);
      entries.add(
          new ConfigEntry(
              name,
              inForce.value(),
              inForce.source(),
              false,
              key.type,
              key.documentation,
              origins));
    }
    return entries;
  }

  /** Of the broker config that gives groups their default, or the group config's own. */
  private void addDefaults(List<Origin> origins, String name) {
    String synonym = GroupConfig.brokerSynonym(name).orElse(null);
    if (synonym == null) {
      addDefault(origins, name, GroupConfig.CONFIG_DEF);
      return;
    }
    add(origins, synonym, started.get(synonym), ConfigSource.STATIC_BROKER_CONFIG);
    addDefault(
        origins,
        synonym,
        GroupCoordinatorConfig.CONFIG_DEF.names().contains(synonym)
            ? GroupCoordinatorConfig.CONFIG_DEF
            : ShareGroupConfig.CONFIG_DEF);
  }

  private static void addDefault(List<Origin> origins, String name, ConfigDef definitions) {
    ConfigDef.ConfigKey key = definitions.configKeys().get(name);
    if (key != null && key.hasDefault()) {
      add(
          origins,
          name,
          ConfigDef.convertToString(key.defaultValue, key.type),
          ConfigSource.DEFAULT_CONFIG);
    }
  }

  private static void add(
      List<Origin> origins, String name, @Nullable String value, ConfigSource source) {
    if (value != null) {
      origins.add(new Origin(name, value, source));
    }
  }
}
