package io.sediment.cluster;

import io.sediment.lsm.lane.Lane;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.bucket.LaneRegister;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Gets this broker the lane it appends to, in the order that the protocol demands: a number in the
 * bucket's registry, a grant of the next epoch from the metadata, the lane itself (which fences
 * every older epoch), a last look that no newer incarnation took the bucket over, and only then the
 * placements.
 *
 * <p>Each step may be the last before a crash; the next start takes up where this one ended, under
 * a higher epoch.
 */
public final class LaneStart {
  private final ClusterMetadata metadata;
  private final LaneRegister lanes;
  private final Supplier<CompletableFuture<Boolean>> isNewestIncarnation;
  private final int brokerId;
  private final long brokerEpoch;
  private final LaneOpener opener;

  /** Opens a lane under a granted epoch. */
  @FunctionalInterface
  public interface LaneOpener {
    CompletableFuture<Lane> open(io.sediment.lsm.LaneId lane, long epoch);
  }

  /**
   * @param lanes where this broker takes a number for a lane
   * @param isNewestIncarnation looks whether the bucket still belongs to us
   * @param brokerEpoch of this process's registration
   */
  public LaneStart(
      ClusterMetadata metadata,
      LaneRegister lanes,
      Supplier<CompletableFuture<Boolean>> isNewestIncarnation,
      int brokerId,
      long brokerEpoch,
      LaneOpener opener) {
    this.metadata = metadata;
    this.lanes = lanes;
    this.isNewestIncarnation = isNewestIncarnation;
    this.brokerId = brokerId;
    this.brokerEpoch = brokerEpoch;
    this.opener = opener;
  }

  /**
   * Completes when partitions placed on the lane may be appended to. Fails with {@link
   * LaneLostException} where another broker took the lane over meanwhile; then it may be started
   * again.
   */
  public CompletableFuture<Lane> start() {
    return ownLane()
        .thenCompose(
            id ->
                metadata
                    .submit(new OpenLane(id, brokerId, brokerEpoch))
                    .thenApply(granted -> granted(id, granted))
                    .thenCompose(
                        epoch -> opener.open(new io.sediment.lsm.LaneId(id.value()), epoch))
                    .thenCompose(lane -> announce(id, lane)));
  }

  private static <R> R granted(LaneId lane, CommandResult<R> result) {
    if (result instanceof Rejected<R> rejected) {
      switch (rejected.code()) {
        case NOT_LANE_OWNER, WRONG_LANE_STATE, STALE_LANE_EPOCH ->
            throw new LaneLostException(lane + " was taken over: " + rejected.message());
        case STALE_BROKER_EPOCH ->
            throw new TakenOverException(
                "another process has registered meanwhile: " + rejected.message());
        default -> {}
      }
    }
    return result.valueOrThrow();
  }

  private CompletableFuture<LaneId> ownLane() {
    MetadataImage image = metadata.image();
    for (io.sediment.metadata.Lane lane : image.lanes().values()) {
      if (lane.owner() == brokerId
          && (lane.isOpen() || lane.state() == io.sediment.metadata.Lane.State.OPENING)) {
        return CompletableFuture.completedFuture(lane.id());
      }
    }
    return lanes
        .register(brokerId)
        .thenCompose(
            id ->
                metadata
                    .submit(new RegisterLane(id, brokerId))
                    .thenApply(CommandResult::valueOrThrow)
                    .thenApply(done -> id));
  }

  private CompletableFuture<Lane> announce(LaneId id, Lane lane) {
    Map<PartitionId, Long> ends = new TreeMap<>();
    lane.endOffsets()
        .forEach(
            (partition, end) ->
                ends.put(new PartitionId(partition.topicId(), partition.partition()), end));
    return isNewestIncarnation
        .get()
        .thenCompose(
            newest -> {
              if (!newest) {
                throw new TakenOverException(
                    "the bucket was taken over: a newer incarnation than "
                        + metadata.image().incarnation()
                        + " is there");
              }
              return metadata.submit(new LaneOpened(id, lane.epoch(), ends));
            })
        .thenApply(placed -> granted(id, placed))
        .thenApply(placed -> lane);
  }
}
