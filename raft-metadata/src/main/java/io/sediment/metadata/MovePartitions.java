package io.sediment.metadata;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * The owner of a lane hands partitions over, to which it appends no more under their leader epochs;
 * answers how many got a new placement. All that each holds below its end offset is durable in the
 * lane's log; others can read it once it is flushed, which is under way, or the lane is sealed.
 *
 * <p>This is a compare-and-set: a partition is placed anew only where its last placement is still
 * the one named, and none is once the lane was granted to anybody else, who finds the same ends.
 * Where nobody else can take a partition its lane goes on with it, under a new leader epoch too: so
 * whatever became of an earlier submission, it can come into effect no more.
 *
 * @param laneEpoch under which the lane is open
 */
public record MovePartitions(LaneId lane, long laneEpoch, List<Move> moves)
    implements MetadataCommand<Integer> {
  /** Instead of a broker: whoever has the fewest partitions. */
  public static final int ANY_BROKER = -1;

  /**
   * @param leaderEpoch of the placement that ends
   * @param endOffset where it ends
   * @param target broker that shall lead from there on, or {@link #ANY_BROKER}
   */
  public record Move(PartitionId partition, int leaderEpoch, long endOffset, int target) {}

  public MovePartitions {
    moves = List.copyOf(moves);
  }

  @Override
  public CommandOutcome<Integer> applyTo(MetadataImage image) {
    Lane source = image.lane(lane);
    if (source == null) {
      return CommandOutcome.rejected(image, RejectionCode.UNKNOWN_LANE, lane.toString());
    }
    if (source.epoch() != laneEpoch) {
      return CommandOutcome.rejected(
          image,
          RejectionCode.STALE_LANE_EPOCH,
          lane + ": epoch=" + laneEpoch + " current=" + source.epoch());
    }
    if (!source.isOpen()) {
      return CommandOutcome.rejected(
          image, RejectionCode.WRONG_LANE_STATE, lane + ": " + source.state());
    }
    Map<UUID, Partition[]> changed = new TreeMap<>();
    LaneChoice active = new LaneChoice(image);
    LanesByLoad others = new LanesByLoad(image, lane);
    ImageEdit edit = image.edit();
    int moved = 0;
    for (Move move : moves) {
      Topic topic = image.topic(move.partition().topicId());
      Partition partition = topic == null ? null : topic.partition(move.partition().partition());
      if (topic == null || partition == null || !isLed(partition, move)) {
        continue;
      }
      long start = Math.max(partition.current().startOffset(), partition.logStartOffset());
      if (move.endOffset() < start) {
        return CommandOutcome.rejected(
            image,
            RejectionCode.OFFSET_OUT_OF_RANGE,
            lane + ": end=" + move.endOffset() + " start=" + start + " of " + move.partition());
      }
      Lane target = target(move, source, active, others);
      changed
              .computeIfAbsent(topic.id(), any -> topic.partitions().toArray(Partition[]::new))[
              move.partition().partition()] =
          partition.withPlacement(
              new Placement(move.leaderEpoch() + 1, target.id(), target.epoch(), move.endOffset()));
      moved++;
      PreferredLeader preferred = image.preferredLeader(move.partition());
      if (preferred != null
          && preferred.moving()
          && (target.owner() == preferred.broker() || source.owner() == preferred.broker())) {
        edit.preferredLeader(move.partition(), new PreferredLeader(preferred.broker(), false));
      }
    }
    changed.forEach(
        (id, partitions) -> {
          Topic topic = image.topic(id);
          if (topic != null) {
            edit.put(topic.withPartitions(List.of(partitions)));
          }
        });
    return CommandOutcome.accepted(image, edit, moved);
  }

  private boolean isLed(Partition partition, Move move) {
    Placement current = partition.current();
    return current.lane().equals(lane)
        && current.laneEpoch() == laneEpoch
        && current.leaderEpoch() == move.leaderEpoch();
  }

  private static Lane target(Move move, Lane source, LaneChoice active, LanesByLoad others) {
    Lane wished = move.target() == ANY_BROKER ? null : active.ofBroker(move.target());
    if (wished != null) {
      return wished;
    }
    return others.isEmpty() ? source : others.takeLeastLoaded();
  }
}
