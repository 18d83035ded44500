package io.sediment.frontend.config;

import io.sediment.frontend.config.ConfigEntry.Origin;
import io.sediment.frontend.kafka.TopicConfigDefinitions;
import io.sediment.frontend.kafka.TopicConfigDefinitions.Definition;
import io.sediment.frontend.kafka.TopicConfigDefinitions.Synonym;
import io.sediment.metadata.ConfigResource;
import io.sediment.metadata.MetadataImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.jspecify.annotations.Nullable;

/** All configs as one metadata image has them. */
public final class ConfigView {
  private final MetadataImage image;
  private final BrokerConfigs ownBroker;
  private final int ownBrokerId;

  public ConfigView(MetadataImage image, int ownBrokerId, BrokerConfigs ownBroker) {
    this.image = image;
    this.ownBrokerId = ownBrokerId;
    this.ownBroker = ownBroker;
  }

  /**
   * Names of broker configs that may be set while the broker runs: those that give topics their
   * defaults, in the topic's own unit. As in Kafka, the others ({@code log.retention.hours}) are
   * for the start alone; their converters would also take nonsense for zero.
   */
  public static Set<String> dynamicBrokerConfigs() {
    Set<String> names = new TreeSet<>();
    for (Definition definition : TopicConfigDefinitions.all().values()) {
      definition.synonyms().stream().limit(1).forEach(synonym -> names.add(synonym.name()));
    }
    return names;
  }

  /** Every config of a topic with the given configs set on it, by name. */
  public List<ConfigEntry> topic(Map<String, String> set) {
    List<ConfigEntry> entries = new ArrayList<>();
    for (Definition definition : TopicConfigDefinitions.all().values()) {
      List<Origin> origins = new ArrayList<>();
      addOrigin(origins, definition.name(), set.get(definition.name()), ConfigSource.TOPIC_CONFIG);
      addDefaults(origins, definition);
      entries.add(
          entry(definition.name(), origins, false, definition.type(), definition.documentation()));
    }
    return entries;
  }

  /**
   * What is in force for a topic where it differs from Kafka's defaults: its own configs over the
   * brokers' defaults. What a log reads.
   */
  public Map<String, String> effectiveTopic(Map<String, String> set) {
    Map<String, String> effective = new HashMap<>();
    for (Definition definition : TopicConfigDefinitions.all().values()) {
      List<Origin> origins = new ArrayList<>();
      addOrigin(origins, definition.name(), set.get(definition.name()), ConfigSource.TOPIC_CONFIG);
      addBrokerOrigins(origins, definition);
      if (!origins.isEmpty()) {
        String value = origins.get(0).value();
        if (value != null) {
          effective.put(definition.name(), value);
        }
      }
    }
    return effective;
  }

  /** Every config of a broker, by name. Only this process knows what it was started with itself. */
  public List<ConfigEntry> broker(int id) {
    Map<String, ConfigEntry> entries = new TreeMap<>();
    Map<String, String> started = id == ownBrokerId ? ownBroker.values() : Map.of();
    started.forEach(
        (name, value) ->
            entries.put(
                name,
                entry(
                    name,
                    List.of(new Origin(name, value, ConfigSource.STATIC_BROKER_CONFIG)),
                    true,
                    ConfigDef.Type.STRING,
                    "")));
    for (Definition definition : TopicConfigDefinitions.all().values()) {
      for (Synonym synonym : definition.synonyms()) {
        List<Origin> origins = new ArrayList<>();
        addOrigin(
            origins,
            synonym.name(),
            set(ConfigResource.broker(id), synonym.name()),
            ConfigSource.DYNAMIC_BROKER_CONFIG);
        addOrigin(
            origins,
            synonym.name(),
            set(ConfigResource.CLUSTER, synonym.name()),
            ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
        addOrigin(
            origins,
            synonym.name(),
            started.get(synonym.name()),
            ConfigSource.STATIC_BROKER_CONFIG);
        boolean sameUnit = synonym.equals(definition.synonyms().get(0));
        if (sameUnit) {
          addOrigin(
              origins, synonym.name(), definition.defaultValue(), ConfigSource.DEFAULT_CONFIG);
        }
        if (!origins.isEmpty()) {
          entries.put(
              synonym.name(),
              entry(synonym.name(), origins, false, definition.type(), definition.documentation()));
        }
      }
    }
    return List.copyOf(entries.values());
  }

  /** Only what is set for all brokers together. */
  public List<ConfigEntry> clusterDefaults() {
    List<ConfigEntry> entries = new ArrayList<>();
    image
        .configs(ConfigResource.CLUSTER)
        .forEach(
            (name, value) ->
                entries.add(
                    entry(
                        name,
                        List.of(
                            new Origin(name, value, ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG)),
                        false,
                        ConfigDef.Type.STRING,
                        "")));
    return entries;
  }

  private void addDefaults(List<Origin> origins, Definition definition) {
    addBrokerOrigins(origins, definition);
    String name =
        definition.synonyms().isEmpty() ? definition.name() : definition.synonyms().get(0).name();
    addOrigin(origins, name, definition.defaultValue(), ConfigSource.DEFAULT_CONFIG);
  }

  private void addBrokerOrigins(List<Origin> origins, Definition definition) {
    addSynonyms(
        origins,
        definition,
        image.configs(ConfigResource.broker(ownBrokerId)),
        ConfigSource.DYNAMIC_BROKER_CONFIG);
    addSynonyms(
        origins,
        definition,
        image.configs(ConfigResource.CLUSTER),
        ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
    addSynonyms(origins, definition, ownBroker.values(), ConfigSource.STATIC_BROKER_CONFIG);
  }

  private static void addSynonyms(
      List<Origin> origins, Definition definition, Map<String, String> set, ConfigSource source) {
    for (Synonym synonym : definition.synonyms()) {
      String value = set.get(synonym.name());
      if (value != null) {
        addOrigin(origins, synonym.name(), synonym.toTopicUnit().apply(value), source);
      }
    }
  }

  private @Nullable String set(ConfigResource resource, String name) {
    return image.configs(resource).get(name);
  }

  private static void addOrigin(
      List<Origin> origins, String name, @Nullable String value, ConfigSource source) {
    if (value != null) {
      origins.add(new Origin(name, value, source));
    }
  }

  private static ConfigEntry entry(
      String name,
      List<Origin> origins,
      boolean readOnly,
      ConfigDef.Type type,
      String documentation) {
    Origin inForce =
        origins.isEmpty() ? new Origin(name, null, ConfigSource.DEFAULT_CONFIG) : origins.get(0);
    return new ConfigEntry(
        name, inForce.value(), inForce.source(), readOnly, type, documentation, origins);
  }
}
