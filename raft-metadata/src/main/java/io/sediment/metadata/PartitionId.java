package io.sediment.metadata;

import java.util.Comparator;
import java.util.UUID;

/** Names a partition by its topic's id, so that a topic made anew under an old name is another. */
public record PartitionId(UUID topicId, int partition) implements Comparable<PartitionId> {
  private static final Comparator<PartitionId> ORDER =
      Comparator.comparing(PartitionId::topicId).thenComparingInt(PartitionId::partition);

  public PartitionId {
    if (partition < 0) {
      throw new IllegalArgumentException("partition: " + partition + " of topic " + topicId);
    }
  }

  @Override
  public int compareTo(PartitionId other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return topicId + "-" + partition;
  }
}
