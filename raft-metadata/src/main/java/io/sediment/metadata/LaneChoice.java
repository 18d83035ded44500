package io.sediment.metadata;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Chooses lanes for new partitions: as asked for, else in turn over all active lanes. */
final class LaneChoice {
  private final List<Lane> active = new ArrayList<>();

  LaneChoice(MetadataImage image) {
    for (Lane lane : image.lanes().values()) {
      if (lane.state() == Lane.State.ACTIVE) {
        active.add(lane);
      }
    }
  }

  boolean isEmpty() {
    return active.isEmpty();
  }

  /** An active lane of {@code broker}, or null where it has none. */
  @Nullable Lane ofBroker(int broker) {
    for (Lane lane : active) {
      if (lane.owner() == broker) {
        return lane;
      }
    }
    return null;
  }

  /** Starts at a place that depends on the topic, so that small topics spread as well. */
  Lane inTurn(UUID topicId, int partition) {
    return active.get(Math.floorMod(topicId.hashCode() + partition, active.size()));
  }

  static Partition newPartition(Lane lane) {
    return new Partition(List.of(new Placement(0, lane.id(), lane.epoch(), 0)), 0);
  }
}
