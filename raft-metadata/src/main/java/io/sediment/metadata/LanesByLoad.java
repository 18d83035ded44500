package io.sediment.metadata;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The active lanes by how many partitions each holds; the lower number first among equals. Not
 * thread-safe.
 */
public final class LanesByLoad {
  private record Loaded(Lane lane, int partitions) {}

  private final PriorityQueue<Loaded> lanes =
      new PriorityQueue<>(
          Comparator.comparingInt(Loaded::partitions).thenComparing(loaded -> loaded.lane().id()));

  LanesByLoad(MetadataImage image) {
    this(image, null);
  }

  /**
   * @param without a lane to be left out
   */
  public LanesByLoad(MetadataImage image, @Nullable LaneId without) {
    TreeMap<LaneId, Integer> partitions = new TreeMap<>();
    for (Topic topic : image.topics()) {
      for (Partition partition : topic.partitions()) {
        partitions.merge(partition.current().lane(), 1, Integer::sum);
      }
    }
    for (Lane lane : image.lanes().values()) {
      if (lane.state() == Lane.State.ACTIVE && !lane.id().equals(without)) {
        lanes.add(new Loaded(lane, partitions.getOrDefault(lane.id(), 0)));
      }
    }
  }

  public boolean isEmpty() {
    return lanes.isEmpty();
  }

  /** The lane with the fewest, which now holds one more. There must be one. */
  public Lane takeLeastLoaded() {
    Loaded least = lanes.remove();
    lanes.add(new Loaded(least.lane(), least.partitions() + 1));
    return least.lane();
  }
}
