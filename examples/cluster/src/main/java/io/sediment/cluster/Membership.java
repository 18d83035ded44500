package io.sediment.cluster;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.metadata.Broker;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.liveness.BrokerLease;
import io.sediment.metadata.liveness.FailoverWatch;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.HeartbeatReply;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.metadata.liveness.LeaseKeeper;
import io.sediment.metadata.ratis.RaftMetadata;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process's place among the brokers: it keeps its lease, and finds out when another process
 * has its id or another broker its lane. While it leads the Raft group it also watches over the
 * others.
 */
final class Membership implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Membership.class);

  private final RaftMetadata metadata;
  private final int brokerId;
  private final long brokerEpoch;
  private final Duration leaseDuration;
  private final BrokerLease lease;
  private final FailoverWatch failover;
  private final LeaseKeeper keeper;
  private volatile Consumer<Boolean> onServing = serving -> {};
  private volatile Supplier<@Nullable LaneReport> report = () -> null;
  private volatile Consumer<List<LaneReport>> onReports = others -> {};

  private Membership(
      RaftMetadata metadata,
      int brokerId,
      long brokerEpoch,
      Duration leaseDuration,
      Scheduler scheduler,
      Ticker ticker,
      Consumer<Throwable> onOut) {
    this.metadata = metadata;
    this.brokerId = brokerId;
    this.brokerEpoch = brokerEpoch;
    this.leaseDuration = leaseDuration;
    this.lease = new BrokerLease(ticker);
    this.failover = FailoverWatch.start(brokerId, metadata, metadata.leases(), scheduler, ticker);
    this.keeper =
        LeaseKeeper.start(
            lease,
            leaseDuration,
            this::heartbeat,
            metadata::appliedIndex,
            new LeaseKeeper.Listener() {
              @Override
              public void onLost() {
                onServing.accept(false);
              }

              @Override
              public void onHeld() {
                onServing.accept(true);
              }

              @Override
              public void onReplaced() {
                onOut.accept(replaced(brokerId));
              }
            },
            scheduler,
            ticker);
  }

  /**
   * @param brokerEpoch of this process's registration
   * @param onOut told that this process must end, with {@link TakenOverException}
   */
  static Membership start(
      RaftMetadata metadata,
      int brokerId,
      long brokerEpoch,
      Duration leaseDuration,
      Scheduler scheduler,
      Ticker ticker,
      Consumer<Throwable> onOut) {
    return new Membership(metadata, brokerId, brokerEpoch, leaseDuration, scheduler, ticker, onOut);
  }

  private static TakenOverException replaced(int brokerId) {
    return new TakenOverException(
        "another process has registered as broker " + brokerId + " since this one started");
  }

  void bindTo(MeterRegistry meters) {
    Gauge.builder("sediment.metadata.leader", metadata, m -> m.leads() ? 1 : 0)
        .description("1 at the broker that leads the metadata group")
        .register(meters);
    Gauge.builder("sediment.lease.held", lease, l -> l.isHeld() ? 1 : 0)
        .description("1 while the broker has its lease and serves clients")
        .register(meters);
  }

  /** Completes when the lease is held for the first time. */
  CompletableFuture<Void> admitted() {
    return keeper.firstHeld();
  }

  boolean isLeaseHeld() {
    return lease.isHeld();
  }

  /** From now on {@code listener} is told whether the lease is held, when that changes. */
  void onServing(Consumer<Boolean> listener) {
    onServing = listener;
  }

  private CompletableFuture<HeartbeatReply> heartbeat() {
    return metadata
        .heartbeat(new Heartbeat(brokerId, brokerEpoch, false, report.get()))
        .thenApply(
            answer -> {
              onReports.accept(answer.lanes());
              return answer;
            });
  }

  /**
   * From now on heartbeats say what this broker's lane is doing, and their answers what those of
   * the others are.
   */
  void exchange(Supplier<@Nullable LaneReport> own, Consumer<List<LaneReport>> others) {
    report = own;
    onReports = others;
  }

  /** Tells {@code onLost} when the metadata says that the lane is no longer this process's. */
  ClusterMetadata.Subscription watchLane(LaneId lane, long laneEpoch, Consumer<Throwable> onLost) {
    return metadata.subscribe(
        (before, after) -> {
          Lane known = after.lane(lane);
          if (known != null && (known.owner() != brokerId || known.epoch() != laneEpoch)) {
            onLost.accept(whyLost(after, lane));
          }
        });
  }

  /** Says what it means that somebody else has this process's lane. */
  RuntimeException whyLost(MetadataImage image, LaneId lane) {
    Broker known = image.broker(brokerId);
    if (known != null && known.epoch() != brokerEpoch) {
      return replaced(brokerId);
    }
    return new LaneLostException(
        "the other brokers believed broker " + brokerId + " dead and took over its " + lane);
  }

  /** Says goodbye, so that nobody waits for the lease to end. Blocks for a lease at most. */
  @Override
  public void close() {
    keeper.close();
    failover.close();
    try {
      metadata
          .heartbeat(new Heartbeat(brokerId, brokerEpoch, true))
          .get(leaseDuration.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.info("no goodbye: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
