package io.sediment.frontend.config;

import java.util.Map;
import java.util.TreeMap;

/**
 * What this broker was started with, under Kafka's names: {@code node.id}, {@code num.partitions}
 * and so on. Read-only for clients.
 *
 * @param values by Kafka's name
 */
public record BrokerConfigs(Map<String, String> values) {
  public BrokerConfigs {
    values = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(values));
  }
}
