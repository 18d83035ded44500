package io.sediment.metadata;

import java.util.Map;

/**
 * The sealer of a lane has fenced every epoch below {@code epoch} and found where they end. Every
 * partition whose last placement is still on that lane goes on in an active lane, at its end offset
 * and under the next leader epoch, spread so that the active lanes hold equally many. Answers how
 * many were placed.
 *
 * <p>This is a compare-and-set, like {@link LaneOpened}: under another epoch, or once the lane is
 * no longer sealing, it changes nothing.
 *
 * @param endOffsets the offset after the last record of each partition the lane holds records of; a
 *     partition that is not named goes on where its last placement or its log starts, whichever is
 *     higher
 */
public record LaneSealed(LaneId lane, long epoch, Map<PartitionId, Long> endOffsets)
    implements MetadataCommand<Integer> {
  public LaneSealed {
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
    if (known.state() == Lane.State.SEALED) {
      return CommandOutcome.unchanged(image, 0);
    }
    if (known.state() != Lane.State.SEALING) {
      return CommandOutcome.rejected(
          image, RejectionCode.WRONG_LANE_STATE, lane + ": " + known.state());
    }
    Succession succession = new Succession(image, lane, epoch, endOffsets);
    String problem = succession.problem();
    if (problem != null) {
      return CommandOutcome.rejected(image, RejectionCode.OFFSET_OUT_OF_RANGE, problem);
    }
    LanesByLoad lanes = new LanesByLoad(image);
    if (lanes.isEmpty() && !succession.isEmpty()) {
      return CommandOutcome.rejected(image, RejectionCode.NO_ACTIVE_LANE, "no lane is active");
    }
    ImageEdit edit = image.edit().put(new Lane(lane, known.owner(), epoch, Lane.State.SEALED));
    int placed = succession.placeOn(edit, lanes::takeLeastLoaded);
    return CommandOutcome.accepted(image, edit, placed);
  }
}
