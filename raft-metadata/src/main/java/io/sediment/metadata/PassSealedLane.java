package io.sediment.metadata;

/**
 * Hands what is still to be done in a sealed lane (retention, compaction, garbage) to another
 * broker, or to another process of the same one, under the lane's next epoch; answers that epoch.
 * Its partitions were placed elsewhere when it was sealed and are not touched.
 *
 * @param epochBefore the epoch that the proposer knows
 * @param ownerEpoch broker epoch of the process that takes it over
 */
public record PassSealedLane(LaneId lane, long epochBefore, int owner, long ownerEpoch)
    implements MetadataCommand<Long> {
  @Override
  public CommandOutcome<Long> applyTo(MetadataImage image) {
    CommandOutcome<Long> refusal = image.refusalOf(owner, ownerEpoch);
    if (refusal != null) {
      return refusal;
    }
    Lane known = image.lane(lane);
    if (known == null) {
      return CommandOutcome.rejected(image, RejectionCode.UNKNOWN_LANE, lane.toString());
    }
    if (known.state() != Lane.State.SEALED) {
      return CommandOutcome.rejected(
          image, RejectionCode.WRONG_LANE_STATE, lane + ": " + known.state());
    }
    if (known.epoch() != epochBefore) {
      return CommandOutcome.rejected(
          image,
          RejectionCode.STALE_LANE_EPOCH,
          lane + ": epoch=" + epochBefore + " current=" + known.epoch());
    }
    long epoch = known.epoch() + 1;
    Lane next = new Lane(lane, owner, epoch, Lane.State.SEALED);
    return CommandOutcome.accepted(image, image.edit().put(next), epoch);
  }
}
