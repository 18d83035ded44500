package io.sediment.frontend.config;

import java.util.List;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.jspecify.annotations.Nullable;

/**
 * One config of one resource with its value in force.
 *
 * @param synonyms every place that gives it a value, the one in force first
 */
public record ConfigEntry(
    String name,
    @Nullable String value,
    ConfigSource source,
    boolean readOnly,
    ConfigDef.Type type,
    String documentation,
    List<Origin> synonyms) {
  public ConfigEntry {
    synonyms = List.copyOf(synonyms);
  }

  /** A value and the place it comes from. */
  public record Origin(String name, @Nullable String value, ConfigSource source) {}
}
