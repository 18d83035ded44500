package io.sediment.metadata;

/**
 * Grants the next epoch of a lane to its owner, who must fence the older ones before it appends;
 * answers that epoch. Until {@link LaneOpened} nobody leads the lane's partitions.
 *
 * @param brokerEpoch of the asking process, so that one that was replaced is refused
 */
public record OpenLane(LaneId lane, int broker, long brokerEpoch) implements MetadataCommand<Long> {
  @Override
  public CommandOutcome<Long> applyTo(MetadataImage image) {
    CommandOutcome<Long> refusal = image.refusalOf(broker, brokerEpoch);
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
    if (known.state() == Lane.State.SEALING || known.state() == Lane.State.SEALED) {
      return CommandOutcome.rejected(
          image, RejectionCode.WRONG_LANE_STATE, lane + ": " + known.state());
    }
    long epoch = known.epoch() + 1;
    Lane next = new Lane(lane, broker, epoch, Lane.State.OPENING);
    return CommandOutcome.accepted(image, image.edit().put(next), epoch);
  }
}
