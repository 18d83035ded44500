package io.sediment.metadata;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What goes on elsewhere when the older epochs of a lane have ended: every partition whose last
 * placement is on that lane under one of them, each from where it ends. Partitions that were placed
 * anew meanwhile are not touched.
 */
final class Succession {
  private final MetadataImage image;
  private final LaneId lane;
  private final long epoch;
  private final Map<PartitionId, Long> endOffsets;

  /**
   * @param epoch above those that have ended
   * @param endOffsets of the partitions the lane holds records of
   */
  Succession(MetadataImage image, LaneId lane, long epoch, Map<PartitionId, Long> endOffsets) {
    this.image = image;
    this.lane = lane;
    this.epoch = epoch;
    this.endOffsets = endOffsets;
  }

  boolean isEmpty() {
    for (Topic topic : image.topics()) {
      for (Partition partition : topic.partitions()) {
        if (isHeir(partition)) {
          return false;
        }
      }
    }
    return true;
  }

  /** Says where the ends contradict what the image knows, or null where they do not. */
  @Nullable String problem() {
    for (Topic topic : image.topics()) {
      for (int i = 0; i < topic.partitionCount(); i++) {
        Partition partition = topic.partitions().get(i);
        Long end = endOffsets.get(new PartitionId(topic.id(), i));
        if (isHeir(partition)
            && end != null
            && end < startOf(partition)
            && !partition.cameFromAnotherLane()) {
          return lane
              + ": end="
              + end
              + " start="
              + startOf(partition)
              + " of "
              + topic.name()
              + "-"
              + i;
        }
      }
    }
    return null;
  }

  /**
   * Gives each its next placement; answers how many there were.
   *
   * @param nextLane asked once for each
   */
  int placeOn(ImageEdit edit, Supplier<Lane> nextLane) {
    int placed = 0;
    for (Topic topic : image.topics()) {
      List<Partition> next = null;
      for (int i = 0; i < topic.partitionCount(); i++) {
        Partition partition = topic.partitions().get(i);
        if (!isHeir(partition)) {
          continue;
        }
        if (next == null) {
          next = new ArrayList<>(topic.partitions());
        }
        next.set(i, placed(partition, new PartitionId(topic.id(), i), nextLane.get()));
        placed++;
      }
      if (next != null) {
        edit.put(topic.withPartitions(next));
      }
    }
    return placed;
  }

  private Partition placed(Partition partition, PartitionId id, Lane target) {
    long end = Math.max(endOffsets.getOrDefault(id, 0L), startOf(partition));
    return partition.withPlacement(
        new Placement(partition.leaderEpoch() + 1, target.id(), target.epoch(), end));
  }

  private boolean isHeir(Partition partition) {
    Placement last = partition.current();
    return last.lane().equals(lane) && last.laneEpoch() < epoch;
  }

  private static long startOf(Partition partition) {
    return Math.max(partition.current().startOffset(), partition.logStartOffset());
  }
}
