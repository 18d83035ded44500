package io.sediment.frontend.group;

import java.util.Map;

/**
 * What the operator decides about groups.
 *
 * @param offsetsTopicPartitions of {@code __consumer_offsets} when it is created
 * @param coordinatorThreads that work on groups, side by side for different partitions
 * @param memberBytesMax memory that what members say may take, in all groups
 * @param kafkaConfigs any other of Kafka's group coordinator configs, by Kafka's name
 */
public record GroupSettings(
    int offsetsTopicPartitions,
    int coordinatorThreads,
    long memberBytesMax,
    Map<String, String> kafkaConfigs) {
  public static final GroupSettings DEFAULTS = new GroupSettings(50, 2, 8 << 20, Map.of());

  public GroupSettings {
    kafkaConfigs = Map.copyOf(kafkaConfigs);
    if (offsetsTopicPartitions < 1 || coordinatorThreads < 1 || memberBytesMax < 1) {
      throw new IllegalArgumentException(
          "group settings: offsetsTopicPartitions="
              + offsetsTopicPartitions
              + " coordinatorThreads="
              + coordinatorThreads
              + " memberBytesMax="
              + memberBytesMax);
    }
  }
}
