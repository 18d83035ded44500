package io.sediment.metadata;

import io.sediment.metadata.CommandResult.Done;

/**
 * Makes a lane known whose number was taken in the bucket's lane registry. It takes an {@link
 * OpenLane} before it can be used.
 */
public record RegisterLane(LaneId lane, int owner) implements MetadataCommand<Done> {
  @Override
  public CommandOutcome<Done> applyTo(MetadataImage image) {
    if (image.broker(owner) == null) {
      return CommandOutcome.rejected(
          image, RejectionCode.UNKNOWN_BROKER, "broker " + owner + " for " + lane);
    }
    Lane known = image.lane(lane);
    if (known != null) {
      return known.owner() == owner && known.epoch() == 0
          ? CommandOutcome.unchanged(image, Done.DONE)
          : CommandOutcome.rejected(
              image, RejectionCode.LANE_EXISTS, lane + " of broker " + known.owner());
    }
    Lane next = new Lane(lane, owner, 0, Lane.State.OPENING);
    return CommandOutcome.accepted(image, image.edit().put(next), Done.DONE);
  }
}
