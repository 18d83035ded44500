package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Topic;
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
  private final MetadataImage image;
  private final Map<LaneId, Coverage> lanes;
  private final Consumer<Finding> findings;

  /**
   * @param lanes those that could be looked at
   */
  PlacementCheck(MetadataImage image, Map<LaneId, Coverage> lanes, Consumer<Finding> findings) {
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
    List<Stay> stays = Stay.of(partition);
    for (Stay stay : stays) {
      if (image.lane(new io.sediment.metadata.LaneId(stay.lane().value())) == null) {
        report(Check.METADATA, name, "is placed on lane " + stay.lane() + ", which is unknown");
      }
      Coverage coverage = lanes.get(stay.lane());
      if (coverage != null) {
        boolean comesBack =
            stays.stream().filter(other -> other.lane().equals(stay.lane())).count() > 1;
        look(name, partition.logStartOffset(), stay, coverage.of(id), comesBack);
        for (Coverage.Absence absence : coverage.absences(id)) {
          look(name, partition.logStartOffset(), stay, absence);
        }
      }
    }
  }

  private void look(
      String name, long logStart, Stay stay, Coverage.@Nullable Interval held, boolean comesBack) {
    long from = Math.max(stay.from(), logStart);
    if (!stay.isLast() && stay.to() <= logStart) {
      return; // all dead
    }
    if (held == null || held.to() <= from) {
      long end = held == null ? stay.from() : Math.max(stay.from(), held.to());
      if (!stay.isLast()) {
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
    if (!stay.isLast() && held.to() < stay.to()) {
      missing(name, stay, held.to(), stay.to());
    }
    if (!stay.isLast() && !comesBack && held.to() > stay.to()) {
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

  /** What a lane leaves out between two leaderships was placed elsewhere. */
  private void look(String name, long logStart, Stay stay, Coverage.Absence absence) {
    long from = Math.max(absence.from(), Math.max(stay.from(), logStart));
    long to = Math.min(absence.to(), stay.to());
    if (from < to) {
      missing(name, stay, from, to);
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
}
