package io.sediment.frontend.partition;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.FollowedLane;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions of other brokers that consumers of this broker's rack read here (KIP-392).
 *
 * <p>A lane is followed from when somebody asks for a partition in it until nobody has for a
 * minute. How far it is acknowledged comes with the answers to heartbeats; while that is not heard,
 * or cannot be read, consumers are sent to the leader. Thread-safe.
 */
public final class FollowedLogs implements FollowedPartitions, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(FollowedLogs.class);
  private static final int ANY_EPOCH = -1;
  private static final Duration UNASKED_MAX = Duration.ofMinutes(1);

  /** Opens a lane of another process. */
  @FunctionalInterface
  public interface Lanes {
    FollowedLane follow(LaneId lane, FollowedLane.Listener listener);
  }

  private static final class Followed {
    final FollowedLane lane;
    volatile long askedNanos;
    volatile long levelNanos; // when it was last as far as its owner had announced

    Followed(FollowedLane lane, long nowNanos) {
      this.lane = lane;
      this.askedNanos = nowNanos;
      this.levelNanos = nowNanos;
    }
  }

  private final int brokerId;
  private final @Nullable String rack;
  private final ClusterMetadata metadata;
  private final Lanes lanes;
  private final OtherLanes otherLanes;
  private final BooleanSupplier leaseHeld;
  private final Duration behindMax;
  private final Ticker ticker;
  private final Map<LaneId, Followed> followed = new ConcurrentHashMap<>();
  private final Map<PartitionId, FollowedLog> logs = new ConcurrentHashMap<>();
  private final ClusterMetadata.Subscription subscription;

  /**
   * @param rack of this broker; null: it serves nobody but who comes to it as the leader
   * @param otherLanes for what lies below a lane
   * @param leaseHeld whether this broker hears of the others
   * @param behindMax for how long a lane may not be as far as announced before consumers are sent
   *     away
   */
  @SuppressWarnings(
      "this-escape") // images may come before the constructor ends; all is set by then
  public FollowedLogs(
      int brokerId,
      @Nullable String rack,
      ClusterMetadata metadata,
      Lanes lanes,
      OtherLanes otherLanes,
      BooleanSupplier leaseHeld,
      Duration behindMax,
      Ticker ticker) {
    this.brokerId = brokerId;
    this.rack = rack;
    this.metadata = metadata;
    this.lanes = lanes;
    this.otherLanes = otherLanes;
    this.leaseHeld = leaseHeld;
    this.behindMax = behindMax;
    this.ticker = ticker;
    this.subscription = metadata.subscribe((before, after) -> closeMoved(after));
  }

  @Override
  public @Nullable ReadableLog find(
      UUID topicId, int partition, int clientLeaderEpoch, String clientRack) {
    if (!clientRack.equals(rack) || !leaseHeld.getAsBoolean()) {
      return null;
    }
    MetadataImage image = metadata.image();
    Partition placed = image.partition(topicId, partition);
    int leader = placed == null ? MetadataImage.NO_LEADER : image.leaderOf(placed);
    if (placed == null
        || leader == MetadataImage.NO_LEADER
        || leader == brokerId
        || (clientLeaderEpoch != ANY_EPOCH && clientLeaderEpoch != placed.leaderEpoch())) {
      return null;
    }
    long now = ticker.nanoTime();
    Followed lane =
        followed.computeIfAbsent(
            new LaneId(placed.current().lane().value()),
            id -> new Followed(lanes.follow(id, this::advanced), now));
    lane.askedNanos = now;
    if (now - lane.levelNanos > behindMax.toNanos()) {
      return null;
    }
    FollowedLog found =
        logs.compute(
            new PartitionId(topicId, partition),
            (id, known) -> isOf(known, placed, lane) ? known : opened(id, placed, lane, known));
    if (!isOf(found, current(found.id()), lane)) {
      closeMoved(metadata.image());
      return null;
    }
    return found;
  }

  private static boolean isOf(
      @Nullable FollowedLog known, @Nullable Partition placed, Followed lane) {
    return known != null
        && placed != null
        && known.isOpen()
        && known.leaderEpoch() == placed.leaderEpoch()
        && known.laneId().equals(lane.lane.id());
  }

  private FollowedLog opened(
      PartitionId id, Partition placed, Followed lane, @Nullable FollowedLog before) {
    if (before != null) {
      before.close();
    }
    Placement current = placed.current();
    return new FollowedLog(
        id,
        current.leaderEpoch(),
        current.startOffset(),
        PlacedPartition.startInLane(placed, current.leaderEpoch(), current.startOffset()),
        lane.lane,
        () -> current(id),
        otherLanes);
  }

  private @Nullable Partition current(PartitionId id) {
    return metadata.image().partition(id.topicId(), id.partition());
  }

  /** Said by the owners of open lanes, several times a lease, whether or not anything is new. */
  public void onReports(List<LaneReport> announced) {
    if (followed.isEmpty()) {
      return;
    }
    long now = ticker.nanoTime();
    for (LaneReport slot : announced) {
      Followed lane = followed.get(new LaneId(slot.lane().value()));
      if (lane != null) {
        lane.lane
            .advance(new WalSlot(slot.epoch(), slot.seq()))
            .whenComplete((done, failure) -> advancedTo(slot, lane, failure));
      }
    }
    followed.entrySet().removeIf(it -> forgetUnasked(it.getValue(), now));
  }

  private void advancedTo(LaneReport slot, Followed lane, @Nullable Throwable failure) {
    if (failure == null) {
      lane.levelNanos = ticker.nanoTime();
    } else {
      log.info("not read up to {}: {}", slot, failure.toString());
    }
  }

  private boolean forgetUnasked(Followed lane, long now) {
    boolean unasked = now - lane.askedNanos > UNASKED_MAX.toNanos();
    if (unasked) {
      logs.values().removeIf(it -> it.laneId().equals(lane.lane.id()) && closed(it));
    }
    return unasked;
  }

  private static boolean closed(FollowedLog gone) {
    gone.close();
    return true;
  }

  private void advanced(Map<PartitionId, Long> bytes) {
    bytes.forEach(
        (id, more) -> {
          FollowedLog grown = logs.get(id);
          if (grown != null) {
            grown.advanced(more);
          }
        });
  }

  private void closeMoved(MetadataImage image) {
    logs.values()
        .removeIf(
            it -> {
              Partition placed = image.partition(it.id().topicId(), it.id().partition());
              boolean moved =
                  placed == null
                      || placed.leaderEpoch() != it.leaderEpoch()
                      || image.leaderOf(placed) == MetadataImage.NO_LEADER;
              return moved && closed(it);
            });
  }

  /** Follows no further and ends every wait. */
  @Override
  public void close() {
    subscription.cancel();
    logs.values().forEach(FollowedLog::close);
  }
}
