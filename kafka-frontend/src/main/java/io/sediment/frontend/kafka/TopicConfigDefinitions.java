package io.sediment.frontend.kafka;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.server.config.ConfigSynonym;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.jspecify.annotations.Nullable;

/**
 * Which topic configs there are, what they may hold and what they are without being set: Kafka's
 * but for {@link #DECOMPRESSED_BYTES_MAX}, and {@link #RETENTION_BUDGET_PERCENT}.
 */
public final class TopicConfigDefinitions {
  /** The topic's share of what the cluster's topics may take together; -1 for none. */
  public static final String RETENTION_BUDGET_PERCENT = "retention.budget.percent";

  /**
   * The default of {@code max.decompressed.message.bytes}. Kafka's is 2 GB: seconds of a worker,
   * and of every consumer and compaction later, for a batch that was sent in a megabyte.
   */
  public static final int DECOMPRESSED_BYTES_MAX = 64 << 20;

  private static final Map<String, String> OWN_DEFAULTS =
      Map.of(
          TopicConfig.MAX_DECOMPRESSED_MESSAGE_BYTES_CONFIG,
          Integer.toString(DECOMPRESSED_BYTES_MAX));

  private static final ConfigDef OWN =
      new ConfigDef()
          .define(
              RETENTION_BUDGET_PERCENT,
              ConfigDef.Type.DOUBLE,
              -1.0,
              ConfigDef.LambdaValidator.with(
                  TopicConfigDefinitions::requirePercentage,
                  () -> "-1, or a percentage from 0 to 100"),
              ConfigDef.Importance.MEDIUM,
              "The share of the cluster's byte budget (the brokers' RETENTION_BUDGET) that the"
                  + " topic may take, in percent, spread evenly over its partitions. Old records"
                  + " go as with retention.bytes; where both are set, the smaller one counts. -1:"
                  + " no such limit.");

  private static final SortedMap<String, Definition> ALL = read();

  private TopicConfigDefinitions() {}

  /**
   * One topic config.
   *
   * @param defaultValue as text, null where Kafka has none
   * @param synonyms broker configs that give the topic's default, the most specific first
   */
  public record Definition(
      String name,
      ConfigDef.Type type,
      @Nullable String defaultValue,
      String documentation,
      List<Synonym> synonyms) {
    public Definition {
      synonyms = List.copyOf(synonyms);
    }
  }

  /**
   * A broker config that stands for a topic config, perhaps in another unit ({@code
   * log.retention.hours}).
   */
  public record Synonym(String name, UnaryOperator<String> toTopicUnit) {}

  /** All public topic configs, by name. */
  public static SortedMap<String, Definition> all() {
    return ALL;
  }

  /**
   * Checks names and values together, as Kafka does when a topic is created or altered.
   *
   * @throws InvalidConfigurationException saying what is wrong with which key
   */
  public static void validate(Map<String, String> configs) {
    for (String name : configs.keySet()) {
      if (!ALL.containsKey(name)) {
        throw new InvalidConfigurationException("Unknown topic config name: " + name);
      }
    }
    try {
      Map<String, String> ofKafka = new TreeMap<>(configs);
      ofKafka.keySet().removeAll(OWN.names());
      LogConfig.validate(ofKafka);
      OWN.parse(configs);
    } catch (org.apache.kafka.common.config.ConfigException wrongValue) {
      throw new InvalidConfigurationException(wrongValue.getMessage(), wrongValue);
    }
  }

  private static void requirePercentage(String name, Object value) {
    double percent = (double) value;
    if (percent != -1 && !(percent >= 0 && percent <= 100)) {
      throw new org.apache.kafka.common.config.ConfigException(
          name, value, "Value must be -1, or a percentage from 0 to 100");
    }
  }

  private static SortedMap<String, Definition> read() {
    Map<String, ConfigDef.ConfigKey> keys = LogConfig.configKeys();
    SortedMap<String, Definition> all = new TreeMap<>();
    for (String name : LogConfig.nonInternalConfigNames()) {
      ConfigDef.ConfigKey key = keys.get(name);
      if (key != null) {
        all.put(name, definition(key, synonyms(name)));
      }
    }
    // As Kafka's configs do, it has a broker config for its default: the same name behind "log.".
    OWN.configKeys()
        .forEach(
            (name, key) ->
                all.put(
                    name,
                    definition(
                        key, List.of(new Synonym("log." + name, UnaryOperator.identity())))));
    return java.util.Collections.unmodifiableSortedMap(all);
  }

  private static Definition definition(ConfigDef.ConfigKey key, List<Synonym> synonyms) {
    String defaultValue =
        key.hasDefault() ? ConfigDef.convertToString(key.defaultValue, key.type) : null;
    return new Definition(
        key.name,
        key.type,
        OWN_DEFAULTS.getOrDefault(key.name, defaultValue),
        key.documentation,
        synonyms);
  }

  private static List<Synonym> synonyms(String topicConfig) {
    List<Synonym> synonyms = new ArrayList<>();
    for (ConfigSynonym s :
        ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.getOrDefault(topicConfig, List.of())) {
      synonyms.add(new Synonym(s.name(), s.converter()::apply));
    }
    return synonyms;
  }
}
