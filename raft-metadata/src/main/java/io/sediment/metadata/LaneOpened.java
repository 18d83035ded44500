package io.sediment.metadata;

import java.util.Map;

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
    if (known.isOpen()) {
      return CommandOutcome.unchanged(image, 0);
    }
    if (known.state() != Lane.State.OPENING) {
      return CommandOutcome.rejected(
          image, RejectionCode.WRONG_LANE_STATE, lane + ": " + known.state());
    }
    Succession succession = new Succession(image, lane, epoch, endOffsets);
    String problem = succession.problem();
    if (problem != null) {
      return CommandOutcome.rejected(image, RejectionCode.OFFSET_OUT_OF_RANGE, problem);
    }
    Lane opened = new Lane(lane, known.owner(), epoch, Lane.State.ACTIVE);
    ImageEdit edit = image.edit().put(opened);
    int moved = succession.placeOn(edit, () -> opened);
    return CommandOutcome.accepted(image, edit, moved);
  }
}
