package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Each partition over all its lanes: together they hold every offset from its log start on, each
 * once (I8); a lane that was left ends exactly where the next placement begins (I4); and the
 * metadata speaks of no offset that is not there (I7, as far as it shows in a bucket).
 */
final class PlacementCheck {
  /** Consecutive placements on one lane; {@code to} is {@link Long#MAX_VALUE} for the last. */
  private record Stay(LaneId lane, long from, long to) {}

  private final MetadataImage image;
  private final Map<LaneId, LaneShape> lanes;
  private final Consumer<Finding> findings;

  /**
   * @param lanes those that could be looked at
   */
  PlacementCheck(MetadataImage image, Map<LaneId, LaneShape> lanes, Consumer<Finding> findings) {
    this.image = image;
    this.lanes = lanes;
    this.findings = findings;
  }

  void look() {
    for (Topic topic : image.topics()) {
      for (int i = 0; i < topic.partitionCount(); i++) {
        look(topic.name() + "-" + i, new PartitionId(topic.id(), i), topic.partitions().get(i));
      }
    }
  }

  private void look(String name, PartitionId id, Partition partition) {
    List<Stay> stays = stays(partition);
    for (Stay stay : stays) {
      if (image.lane(new io.sediment.metadata.LaneId(stay.lane().value())) == null) {
        report(Check.METADATA, name, "is placed on lane " + stay.lane() + ", which is unknown");
      }
      LaneShape shape = lanes.get(stay.lane());
      if (shape != null) {
        boolean comesBack =
            stays.stream().filter(other -> other.lane().equals(stay.lane())).count() > 1;
        look(name, partition.logStartOffset(), stay, shape.coverage().of(id), comesBack);
      }
    }
  }

  private void look(
      String name, long logStart, Stay stay, Coverage.@Nullable Interval held, boolean comesBack) {
    long from = Math.max(stay.from(), logStart);
    boolean isLast = stay.to() == Long.MAX_VALUE;
    if (!isLast && stay.to() <= logStart) {
      return; // all dead
    }
    if (held == null || held.to() <= from) {
      long end = held == null ? stay.from() : Math.max(stay.from(), held.to());
      if (!isLast) {
        missing(name, stay, from, stay.to());
      } else if (logStart > end) {
        report(
            Check.I7,
            name,
            "its log starts at " + logStart + ", and lane " + stay.lane() + " ends at " + end);
      }
      return;
    }
    if (held.from() > from) {
      missing(name, stay, from, held.from());
    }
    if (!isLast && held.to() < stay.to()) {
      missing(name, stay, held.to(), stay.to());
    }
    if (!isLast && !comesBack && held.to() > stay.to()) {
      report(
          Check.I4,
          name,
          "lane "
              + stay.lane()
              + " goes on to "
              + held.to()
              + ", and the next placement begins at "
              + stay.to());
    }
  }

  private void missing(String name, Stay stay, long from, long to) {
    report(
        Check.I8,
        name,
        "offsets are missing: lane=" + stay.lane() + " fromOffset=" + from + " toOffset=" + to);
  }

  private void report(Check check, String partition, String problem) {
    findings.accept(Finding.damage(check, "partition " + partition, problem));
  }

  private static List<Stay> stays(Partition partition) {
    List<Stay> stays = new ArrayList<>();
    List<Placement> placements = partition.placements();
    for (int i = 0; i < placements.size(); i++) {
      LaneId lane = new LaneId(placements.get(i).lane().value());
      long to = i + 1 < placements.size() ? placements.get(i + 1).startOffset() : Long.MAX_VALUE;
      Stay last = stays.isEmpty() ? null : stays.get(stays.size() - 1);
      if (last != null && last.lane().equals(lane)) {
        stays.set(stays.size() - 1, new Stay(lane, last.from(), to));
      } else {
        stays.add(new Stay(lane, placements.get(i).startOffset(), to));
      }
    }
    return stays;
  }
}
