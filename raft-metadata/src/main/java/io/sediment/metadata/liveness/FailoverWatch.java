package io.sediment.metadata.liveness;

import io.sediment.metadata.Broker;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * On the Raft leader, looks many times a lease whether a broker has fallen silent, and has its
 * lanes taken away. On the others it idles. A broker that is alone looks once a lease: nobody is in
 * a hurry to take its lanes, and an idle broker shall cost little.
 */
public final class FailoverWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FailoverWatch.class);
  private static final int LOOKS_PER_LEASE = 15;

  /** Who comes this late to a look has slept, and heartbeats may lie unheard. */
  private static final int LATE_LOOKS = 5;

  private final int self;
  private final ClusterMetadata metadata;
  private final BrokerLeases leases;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final Duration interval;
  private long lastLook; // written by one look at a time, as is the next
  private Duration pause;
  private volatile boolean closed;
  private volatile Scheduler.@Nullable Cancellable next;

  private FailoverWatch(
      int self, ClusterMetadata metadata, BrokerLeases leases, Scheduler scheduler, Ticker ticker) {
    this.self = self;
    this.metadata = metadata;
    this.leases = leases;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.interval = leases.duration().dividedBy(LOOKS_PER_LEASE);
    this.pause = interval;
    this.lastLook = ticker.nanoTime();
  }

  /**
   * @param self this broker, to which the lanes go
   */
  public static FailoverWatch start(
      int self, ClusterMetadata metadata, BrokerLeases leases, Scheduler scheduler, Ticker ticker) {
    FailoverWatch watch = new FailoverWatch(self, metadata, leases, scheduler, ticker);
    watch.scheduleNext();
    return watch;
  }

  private void scheduleNext() {
    if (!closed) {
      next = scheduler.schedule(this::look, pause);
    }
  }

  private void look() {
    long now = ticker.nanoTime();
    boolean late = now - lastLook > pause.plus(interval.multipliedBy(LATE_LOOKS - 1)).toNanos();
    lastLook = now;
    MetadataImage image = metadata.image();
    pause = image.brokers().size() > 1 ? interval : leases.duration();
    if (!leases.isLeading()) {
      scheduleNext();
      return;
    }
    if (late) {
      leases.lead();
    }
    List<MetadataCommand<Long>> plan =
        FailoverPolicy.plan(
            image, self, broker -> leases.isAlive(broker.id(), broker.epoch(), now));
    if (plan.isEmpty()) {
      scheduleNext();
      return;
    }
    image.lanes().values().stream()
        .map(lane -> image.broker(lane.owner()))
        .filter(owner -> owner != null && owner.id() != self)
        .filter(owner -> !leases.isAlive(owner.id(), owner.epoch(), now))
        .distinct()
        .forEach(this::sayWhy);
    CompletableFuture.allOf(plan.stream().map(this::submit).toArray(CompletableFuture[]::new))
        .whenComplete((done, failure) -> scheduleNext());
  }

  private void sayWhy(Broker owner) {
    if (leases.hasLeft(owner.id(), owner.epoch())) {
      LOG.info("broker {} has left: taking its lanes", owner.id());
    } else {
      LOG.warn("broker {} has been silent for {}: taking its lanes", owner.id(), leases.duration());
    }
  }

  /** One that fails or is refused is planned anew at the next look, if it still is to be. */
  private CompletableFuture<Void> submit(MetadataCommand<Long> command) {
    return metadata
        .submit(command)
        .handle(
            (result, failure) -> {
              if (failure != null) {
                LOG.info("{}: {}", command, failure.toString());
              } else if (result instanceof CommandResult.Rejected<Long> rejected) {
                LOG.info("{}: {} {}", command, rejected.code(), rejected.message());
              }
              return null;
            });
  }

  @Override
  public void close() {
    closed = true;
    Scheduler.Cancellable last = next;
    if (last != null) {
      last.cancel();
    }
  }
}
