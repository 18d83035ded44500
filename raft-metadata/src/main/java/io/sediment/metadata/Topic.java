package io.sediment.metadata;

import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * A topic with its partitions and the configs set on it.
 *
 * @param replicationFactor as asked for at creation; how many brokers clients are told, no more
 * @param partitions partition {@code i} at index {@code i}
 * @param configs only what was set; not interpreted here
 */
public record Topic(
    UUID id,
    String name,
    int replicationFactor,
    List<Partition> partitions,
    Map<String, String> configs) {
  public Topic {
    partitions = List.copyOf(partitions);
    configs = ImageEdit.sortedCopy(configs);
    if (name.isEmpty() || partitions.isEmpty() || replicationFactor < 1) {
      throw new IllegalArgumentException(
          "topic: name="
              + name
              + " partitions="
              + partitions.size()
              + " replicationFactor="
              + replicationFactor);
    }
  }

  public int partitionCount() {
    return partitions.size();
  }

  /** Partition {@code index}, or null where the topic has none of that number. */
  public @Nullable Partition partition(int index) {
    return index >= 0 && index < partitions.size() ? partitions.get(index) : null;
  }

  Topic withPartitions(List<Partition> next) {
    return new Topic(id, name, replicationFactor, next, configs);
  }

  Topic withConfigs(TreePMap<String, String> next) {
    return new Topic(id, name, replicationFactor, partitions, next);
  }
}
