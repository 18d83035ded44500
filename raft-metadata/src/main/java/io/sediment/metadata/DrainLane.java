package io.sediment.metadata;

import io.sediment.metadata.CommandResult.Done;

/**
 * The owner of a lane is about to end and hands its partitions over: none is placed here any more.
 * Nothing changes for those that still are.
 *
 * @param epoch under which the lane is open
 * @param brokerEpoch of the asking process
 */
public record DrainLane(LaneId lane, long epoch, int broker, long brokerEpoch)
    implements MetadataCommand<Done> {
  @Override
  public CommandOutcome<Done> applyTo(MetadataImage image) {
    CommandOutcome<Done> refusal = image.refusalOf(broker, brokerEpoch);
    if (refusal != null) {
      return refusal;
    }
    Lane known = image.lane(lane);
    if (known == null) {
      return CommandOutcome.rejected(image, RejectionCode.UNKNOWN_LANE, lane.toString());
    }
    if (known.owner() != broker) {
      return CommandOutcome.rejected(
          image,
          RejectionCode.NOT_LANE_OWNER,
          lane + ": owner=" + known.owner() + " asking=" + broker);
    }
    if (known.epoch() != epoch) {
      return CommandOutcome.rejected(
          image,
          RejectionCode.STALE_LANE_EPOCH,
          lane + ": epoch=" + epoch + " current=" + known.epoch());
    }
    if (!known.isOpen()) {
      return CommandOutcome.rejected(
          image, RejectionCode.WRONG_LANE_STATE, lane + ": " + known.state());
    }
    Lane next = new Lane(lane, broker, epoch, Lane.State.DRAINING);
    return next.equals(known)
        ? CommandOutcome.unchanged(image, Done.DONE)
        : CommandOutcome.accepted(image, image.edit().put(next), Done.DONE);
  }
}
