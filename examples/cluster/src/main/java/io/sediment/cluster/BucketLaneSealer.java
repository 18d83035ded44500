package io.sediment.cluster;

import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.Lane.SealedEnd;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneSealer;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.SealedLane;
import io.sediment.runtime.Failures;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Seals lanes in the bucket for a recovery.
 *
 * <p>The metadata may know less of a lane's epochs than its manifest: an earlier recovery, which
 * never came to its end, may have sealed it already. Then it is sealed again, above that.
 */
public final class BucketLaneSealer implements LaneSealer {
  private static final Logger log = LoggerFactory.getLogger(BucketLaneSealer.class);

  private final LongFunction<LaneEnvironment> environments;
  private final LaneConfig config;

  /**
   * @param environments what to seal with, by the incarnation in whose name
   */
  public BucketLaneSealer(LongFunction<LaneEnvironment> environments, LaneConfig config) {
    this.environments = environments;
    this.config = config;
  }

  /** Fails with {@link TakenOverException} where a newer incarnation has been here. */
  @Override
  public CompletableFuture<SealedLane> seal(LaneId lane, long incarnation, long epochMin) {
    return seal(environments.apply(incarnation), lane, incarnation, epochMin);
  }

  private CompletableFuture<SealedLane> seal(
      LaneEnvironment environment, LaneId lane, long incarnation, long epoch) {
    CompletableFuture<SealedLane> sealing =
        Lane.seal(environment, config, new io.sediment.lsm.LaneId(lane.value()), incarnation, epoch)
            .thenApply(ends -> asSealed(lane, epoch, ends));
    return sealing
        .handle(
            (done, failure) -> {
              if (failure != null
                  && Failures.causeOf(failure) instanceof LaneFencedException fenced) {
                if (fenced.ownerIncarnation() > incarnation) {
                  throw new TakenOverException(
                      "the bucket was taken over: " + fenced.getMessage(), fenced);
                }
                return seal(environment, lane, incarnation, fenced.ownerEpoch() + 1);
              }
              return sealing;
            })
        .thenCompose(next -> next);
  }

  private static SealedLane asSealed(
      LaneId lane, long epoch, Map<io.sediment.lsm.PartitionId, SealedEnd> ends) {
    Map<PartitionId, SealedLane.End> partitions = new TreeMap<>();
    ends.forEach(
        (partition, end) ->
            partitions.put(
                new PartitionId(partition.topicId(), partition.partition()),
                new SealedLane.End(end.endOffset(), end.leaderEpoch())));
    log.info("lane sealed: lane={} epoch={} partitions={}", lane, epoch, partitions.size());
    return new SealedLane(lane, epoch, partitions);
  }
}
