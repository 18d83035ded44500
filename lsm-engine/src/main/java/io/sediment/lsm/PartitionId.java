package io.sediment.lsm;

import java.util.Objects;
import java.util.UUID;

/**
 * One partition of one topic, for ever: a topic that is deleted and created again has another id.
 * The order is the one in which sections stand in sorted objects: topic id as two signed longs,
 * then partition number.
 */
public record PartitionId(UUID topicId, int partition) implements Comparable<PartitionId> {
  public PartitionId {
    Objects.requireNonNull(topicId, "topicId");
    if (partition < 0) {
      throw new IllegalArgumentException("partition: " + partition);
    }
  }

  @Override
  public int compareTo(PartitionId other) {
    int byTopic = topicId.compareTo(other.topicId);
    return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
  }

  @Override
  public String toString() {
    return topicId + "-" + partition;
  }
}
