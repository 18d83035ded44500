package io.sediment.frontend.coordinator;

import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.Map;
import org.apache.kafka.common.utils.Utils;

/**
 * A topic in which coordinators of one kind keep their state: not created by clients, not written
 * by them, and never grown, since the partition of a key depends on how many there are.
 *
 * @param partitionCount of the topic when it is created; one that exists keeps its own
 * @param configs of the topic when it is created
 */
public record InternalTopic(
    String name, int partitionCount, int replicationFactor, Map<String, String> configs) {
  public InternalTopic {
    configs = Map.copyOf(configs);
    if (partitionCount < 1 || replicationFactor < 1) {
      throw new IllegalArgumentException(
          name + ": partitions=" + partitionCount + " replicationFactor=" + replicationFactor);
    }
  }

  /** The partition that {@code key} belongs to, as Kafka computes it. */
  public static int partitionOf(String key, Topic topic) {
    return Utils.abs(key.hashCode()) % topic.partitionCount();
  }

  /** The broker that leads the partition of {@code key}, or {@link MetadataImage#NO_LEADER}. */
  public static int coordinatorOf(String key, Topic topic, MetadataImage image) {
    return image.leaderOf(topic.partitions().get(partitionOf(key, topic)));
  }
}
