package io.sediment.cluster.simulation;

import io.sediment.cluster.BucketLaneSealing;
import io.sediment.cluster.LaneTakeover;
import io.sediment.frontend.partition.FollowedLogs;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.liveness.BrokerLease;
import io.sediment.metadata.liveness.FailoverWatch;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.HeartbeatReply;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.metadata.liveness.LeaseKeeper;
import io.sediment.runtime.Ticker;
import io.sediment.simulation.SimScheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a broker has to do with the others: the lease that they grant it, their lanes, which it
 * follows and takes over, and partitions, which it hands to them.
 */
final class BrokerPeers {
  private static final Duration FOLLOWER_BEHIND_MAX = RaftMember.LEASE.multipliedBy(2);

  private final int id;
  private final long brokerEpoch;
  private final SimScheduler process;
  private final RaftMember member;
  private final BrokerMutant mutant;
  private final Consumer<Throwable> onEnd;
  private final Ticker leaseClock;
  private final BrokerLease lease;
  private @Nullable Lane lane;
  private @Nullable FollowedLogs followed;
  private @Nullable BrokerMoves moves;
  private long leasesLost;
  private long takeovers;

  /**
   * @param onEnd told why the process must end: another one has taken its place
   */
  BrokerPeers(
      int id,
      long brokerEpoch,
      SimScheduler process,
      RaftMember member,
      BrokerMutant mutant,
      Consumer<Throwable> onEnd) {
    this.id = id;
    this.brokerEpoch = brokerEpoch;
    this.process = process;
    this.member = member;
    this.mutant = mutant;
    this.onEnd = onEnd;
    this.leaseClock = mutant.leaseClock(process);
    this.lease = new BrokerLease(leaseClock);
  }

  /** Each broker has a rack of its own. */
  static String rackOf(int broker) {
    return "rack-" + broker;
  }

  // -- its lease ---------------------------------------------------------------------------------

  void keepLease() {
    FailoverWatch.start(id, member, member.leases(), process, process);
    LeaseKeeper.start(
        lease,
        RaftMember.LEASE,
        this::heartbeat,
        mutant.applied(member::appliedIndex),
        new LeaseKeeper.Listener() {
          @Override
          public void onLost() {
            process.trace("has no lease");
            leasesLost++;
          }

          @Override
          public void onHeld() {
            process.trace("has a lease");
          }

          @Override
          public void onReplaced() {
            onEnd.accept(
                new IllegalStateException("another process has registered as broker " + id));
          }
        },
        process,
        leaseClock);
  }

  /** Says how far the lane is acknowledged, and hears how far those of the others are. */
  private CompletableFuture<HeartbeatReply> heartbeat() {
    Lane open = lane;
    BrokerMoves moving = moves;
    LaneReport report = null;
    if (open != null) {
      WalSlot acked = open.ackedSlot();
      long load = moving == null ? 0 : moving.load();
      report =
          mutant.spoil(
              new LaneReport(new LaneId(open.id().value()), acked.epoch(), acked.seq(), load));
    }
    return member
        .heartbeat(new Heartbeat(id, brokerEpoch, false, report))
        .thenApply(
            reply -> {
              FollowedLogs known = followed;
              if (known != null) {
                known.onReports(reply.lanes());
              }
              if (moving != null) {
                moving.onReports(reply.lanes());
              }
              return reply;
            });
  }

  boolean isLeaseHeld() {
    return lease.isHeld();
  }

  // -- their lanes, and its own ------------------------------------------------------------------

  /** Serves what the others lead to those of its rack. */
  FollowedLogs follow(Lane opened) {
    FollowedLogs follows =
        new FollowedLogs(
            id,
            rackOf(id),
            member,
            opened::follow,
            opened::storedLane,
            lease::isHeld,
            FOLLOWER_BEHIND_MAX,
            process);
    followed = follows;
    return follows;
  }

  /** Takes over the lanes of the dead, and ends where they take over {@code opened}. */
  void takeOver(BrokerLanes lanes, Lane opened, long incarnation) {
    lane = opened;
    LaneId laneId = new LaneId(opened.id().value());
    member.subscribe(
        (before, after) -> {
          io.sediment.metadata.Lane known = after.lane(laneId);
          if (known != null && (known.owner() != id || known.epoch() != opened.epoch())) {
            onEnd.accept(new IllegalStateException("others took over " + laneId));
          }
        });
    new LaneTakeover(
        member,
        id,
        brokerEpoch,
        laneId,
        counted(
            new BucketLaneSealing(
                lanes.environment(incarnation, mutant::spoilTakeover),
                lanes.config(),
                incarnation)),
        process,
        process);
  }

  private LaneTakeover.Sealing counted(LaneTakeover.Sealing sealing) {
    return (dead, epoch) ->
        sealing
            .seal(dead, epoch)
            .whenComplete(
                (ends, failure) -> {
                  process.trace("took " + dead + " over: " + ends + " " + failure);
                  takeovers += failure == null ? 1 : 0;
                });
  }

  /** Hands partitions to the others from now on, where somebody wants it or it has more to do. */
  void handOver(PartitionLogs logs, Lane opened) {
    moves = new BrokerMoves(id, brokerEpoch, member, logs, opened, process, mutant);
  }

  /** All its partitions go to others. */
  CompletableFuture<Void> drain() {
    BrokerMoves known = moves;
    return known == null ? CompletableFuture.completedFuture(null) : known.drain();
  }

  // -- what is known of it -----------------------------------------------------------------------

  RaftMember member() {
    return member;
  }

  /** Its part in who leads what; null where it is not that far yet. */
  @Nullable BrokerMoves moves() {
    return moves;
  }

  /** How often its lease has ended. */
  long leasesLost() {
    return leasesLost;
  }

  /** How many lanes of others it has closed. */
  long takeovers() {
    return takeovers;
  }
}
