package io.sediment.metadata;

/**
 * Takes a lane away from a broker that is believed dead, or from a sealer that did not finish, and
 * grants its next epoch to {@code sealer}; answers that epoch. From here on nobody leads the lane's
 * partitions, and whoever claims the lane does so under a grant: this comes before anything is done
 * to the lane in the bucket.
 *
 * <p>Whether its broker really is dead does not matter for safety: the sealer fences it.
 *
 * @param epochBefore the epoch that the proposer knows; where another was granted since, the lane
 *     is in other hands and stays there
 * @param sealerEpoch broker epoch of the sealing process
 */
public record SealLane(LaneId lane, long epochBefore, int sealer, long sealerEpoch)
    implements MetadataCommand<Long> {
  @Override
  public CommandOutcome<Long> applyTo(MetadataImage image) {
    CommandOutcome<Long> refusal = image.refusalOf(sealer, sealerEpoch);
    if (refusal != null) {
      return refusal;
    }
    Lane known = image.lane(lane);
    if (known == null) {
      return CommandOutcome.rejected(image, RejectionCode.UNKNOWN_LANE, lane.toString());
    }
    if (known.state() == Lane.State.SEALED) {
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
    Lane next = new Lane(lane, sealer, epoch, Lane.State.SEALING);
    return CommandOutcome.accepted(image, image.edit().put(next), epoch);
  }
}
