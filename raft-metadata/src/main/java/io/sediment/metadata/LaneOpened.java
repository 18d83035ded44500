package io.sediment.metadata;

import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * The owner of a lane has fenced all epochs below {@code epoch} and found where they end; from now
 * on it appends. Answers how many partitions were taken over.
 *
 * <p>This is a compare-and-set: a partition gets a placement at its end offset, with the next
 * leader epoch, only where its last placement is on this lane under an older epoch. All others stay
 * as they are.
 *
 * @param endOffsets the offset after the last record of each partition the lane holds records of; a
 *     partition that is not named goes on where its last placement or its log starts, whichever is
 *     higher
 */
public record LaneOpened(LaneId lane, long epoch, Map<PartitionId, Long> endOffsets)
    implements MetadataCommand<Integer> {
  public LaneOpened {
    endOffsets = ImageEdit.sortedCopy(endOffsets);
  }

  @Override
  public CommandOutcome<Integer> applyTo(MetadataImage image) {
    Lane known = image.lane(lane);
    if (known == null) {
      return CommandOutcome.rejected(image, RejectionCode.UNKNOWN_LANE, lane.toString());
    }
    if (known.epoch() != epoch) {
      return CommandOutcome.rejected(
          image,
          RejectionCode.STALE_LANE_EPOCH,
          lane + ": epoch=" + epoch + " current=" + known.epoch());
    }
    if (known.state() == Lane.State.ACTIVE) {
      return CommandOutcome.unchanged(image, 0);
    }
    if (known.state() != Lane.State.OPENING) {
      return CommandOutcome.rejected(
          image, RejectionCode.WRONG_LANE_STATE, lane + ": " + known.state());
    }
    ImageEdit edit = image.edit().put(new Lane(lane, known.owner(), epoch, Lane.State.ACTIVE));
    int moved = 0;
    for (Topic topic : image.topics()) {
      UUID topicId = topic.id();
      Partition[] next = null;
      for (int i = 0; i < topic.partitionCount(); i++) {
        Partition partition = topic.partitions().get(i);
        Placement last = partition.current();
        if (!last.lane().equals(lane) || last.laneEpoch() >= epoch) {
          continue;
        }
        long start = Math.max(last.startOffset(), partition.logStartOffset());
        Long end = endOffsets.get(new PartitionId(topicId, i));
        if (end != null && end < start) {
          return CommandOutcome.rejected(
              image,
              RejectionCode.OFFSET_OUT_OF_RANGE,
              lane + ": end=" + end + " start=" + start + " of " + topic.name() + "-" + i);
        }
        if (next == null) {
          next = topic.partitions().toArray(Partition[]::new);
        }
        next[i] =
            partition.withPlacement(
                new Placement(last.leaderEpoch() + 1, lane, epoch, end == null ? start : end));
        moved++;
      }
      if (next != null) {
        edit.put(topic.withPartitions(List.of(next)));
      }
    }
    return CommandOutcome.accepted(image, edit, moved);
  }
}
