package io.sediment.frontend.kafka;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.server.config.ConfigSynonym;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.jspecify.annotations.Nullable;

/**
 * Which topic configs there are, what they may hold and what they are without being set: exactly
 * Kafka's.
 */
public final class TopicConfigDefinitions {
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
      LogConfig.validate(configs);
    } catch (org.apache.kafka.common.config.ConfigException wrongValue) {
      throw new InvalidConfigurationException(wrongValue.getMessage(), wrongValue);
    }
  }

  private static SortedMap<String, Definition> read() {
    Map<String, ConfigDef.ConfigKey> keys = LogConfig.configKeys();
    SortedMap<String, Definition> all = new TreeMap<>();
    for (String name : LogConfig.nonInternalConfigNames()) {
      ConfigDef.ConfigKey key = keys.get(name);
      if (key != null) {
        String defaultValue =
            key.hasDefault() ? ConfigDef.convertToString(key.defaultValue, key.type) : null;
        all.put(
            name, new Definition(name, key.type, defaultValue, key.documentation, synonyms(name)));
      }
    }
    return java.util.Collections.unmodifiableSortedMap(all);
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
