package io.sediment.metadata.liveness;

import io.sediment.metadata.liveness.HeartbeatReply.Verdict;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps this broker's lease: sends heartbeats, several in each lease, whether or not the earlier
 * ones were answered, and tells of the lease's end and return.
 *
 * <p>A broker that falls behind the metadata log says nothing until it has caught up, so that the
 * others count it among the dead: it might never hear what was taken from it, or given to it.
 */
public final class LeaseKeeper implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseKeeper.class);
  private static final int HEARTBEATS_PER_LEASE = 5;

  /**
   * More than a broker that is only slow ever needs: what the leader has exported is committed, and
   * on its way here since.
   */
  private static final int LEASES_BEHIND_MAX = 5;

  /** Told one at a time, on a scheduler thread. */
  public interface Listener {
    /** From now on another broker may append to this one's partitions. */
    void onLost();

    /** Granted, first or again. */
    void onHeld();

    /** Another process has taken this broker's id over. */
    void onReplaced();
  }

  private final BrokerLease lease;
  private final Supplier<CompletableFuture<HeartbeatReply>> heartbeat;
  private final Listener listener;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final Duration interval;
  private final MetadataLag lag;
  private final CompletableFuture<Void> firstHeld = new CompletableFuture<>();
  private boolean held; // guarded by this
  private boolean silent; // guarded by this
  private volatile boolean closed;
  private volatile Scheduler.@Nullable Cancellable next;

  private LeaseKeeper(
      BrokerLease lease,
      Duration duration,
      Supplier<CompletableFuture<HeartbeatReply>> heartbeat,
      LongSupplier appliedIndex,
      Listener listener,
      Scheduler scheduler,
      Ticker ticker) {
    this.lease = lease;
    this.heartbeat = heartbeat;
    this.listener = listener;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.interval = duration.dividedBy(HEARTBEATS_PER_LEASE);
    this.lag = new MetadataLag(appliedIndex, duration.multipliedBy(LEASES_BEHIND_MAX));
  }

  /**
   * @param duration of the leases that the cluster grants, about: how often to send
   * @param heartbeat sends one; may fail
   * @param appliedIndex of the newest entry of the metadata log that is applied here
   */
  public static LeaseKeeper start(
      BrokerLease lease,
      Duration duration,
      Supplier<CompletableFuture<HeartbeatReply>> heartbeat,
      LongSupplier appliedIndex,
      Listener listener,
      Scheduler scheduler,
      Ticker ticker) {
    LeaseKeeper keeper =
        new LeaseKeeper(lease, duration, heartbeat, appliedIndex, listener, scheduler, ticker);
    keeper.beat();
    return keeper;
  }

  /** Completes when the lease is held for the first time. */
  public CompletableFuture<Void> firstHeld() {
    return firstHeld.copy();
  }

  private void beat() {
    if (closed) {
      return;
    }
    next = scheduler.schedule(this::beat, interval);
    tellOfChange();
    long sent = ticker.nanoTime();
    if (isTooFarBehind(sent)) {
      return;
    }
    heartbeat
        .get()
        .whenComplete(
            (reply, failure) -> {
              if (failure != null) {
                LOG.debug("heartbeat: {}", failure.toString());
              } else {
                answered(sent, reply);
              }
            });
  }

  private boolean isTooFarBehind(long now) {
    boolean behind = lag.isTooLong(now);
    boolean changed;
    synchronized (this) {
      changed = behind != silent;
      silent = behind;
    }
    if (changed && behind) {
      LOG.warn("behind the metadata log, and silent until it has been caught up with: {}", lag);
    } else if (changed) {
      LOG.info("has caught up with the metadata log");
    }
    return behind;
  }

  private void answered(long sent, HeartbeatReply reply) {
    if (reply.verdict() == Verdict.GRANTED) {
      lag.told(sent, reply.exportedIndex());
      lease.granted(sent, reply.lease().toNanos());
      tellOfChange();
    } else if (reply.verdict() == Verdict.REPLACED && !closed) {
      scheduler.execute(listener::onReplaced);
    }
  }

  private synchronized void tellOfChange() {
    boolean now = lease.isHeld();
    if (closed || now == held) {
      return;
    }
    held = now;
    if (now) {
      listener.onHeld();
      firstHeld.complete(null);
    } else {
      LOG.warn("the lease has ended: no clients are served until it is granted again");
      listener.onLost();
    }
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
