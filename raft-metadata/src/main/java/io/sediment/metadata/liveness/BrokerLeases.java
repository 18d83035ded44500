package io.sediment.metadata.liveness;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/**
 * What the Raft leader knows of who is alive: until when it believes in each broker process. Holds
 * no clock; times are nanoseconds of one monotonic clock of this process. Thread-safe.
 */
public final class BrokerLeases {
  private record Lease(long brokerEpoch, long endNanos, boolean left) {}

  private final long leaseNanos;
  private final Map<Integer, Lease> leases = new HashMap<>(); // guarded by this
  private boolean leading; // guarded by this

  public BrokerLeases(Duration lease) {
    this.leaseNanos = lease.toNanos();
  }

  public Duration duration() {
    return Duration.ofNanos(leaseNanos);
  }

  /**
   * This process has become the Raft leader, or has slept while it was: it has heard nobody, and
   * whoever it asks about has a whole lease from then.
   */
  public synchronized void lead() {
    leading = true;
    leases.clear();
  }

  public synchronized void follow() {
    leading = false;
    leases.clear();
  }

  public synchronized boolean isLeading() {
    return leading;
  }

  /** A heartbeat has arrived. False where this process does not lead: then it grants nothing. */
  public synchronized boolean renew(int broker, long brokerEpoch, long nowNanos) {
    Lease known = leases.get(broker);
    if (leading && (known == null || known.brokerEpoch() <= brokerEpoch)) {
      leases.put(broker, new Lease(brokerEpoch, nowNanos + leaseNanos, false));
    }
    return leading;
  }

  /** A broker process has ended in order: from now on it counts as dead. */
  public synchronized void leave(int broker, long brokerEpoch, long nowNanos) {
    Lease known = leases.get(broker);
    if (leading && (known == null || known.brokerEpoch() <= brokerEpoch)) {
      leases.put(broker, new Lease(brokerEpoch, nowNanos, true));
    }
  }

  /** Whether a broker process has said that it ends. */
  public synchronized boolean hasLeft(int broker, long brokerEpoch) {
    Lease known = leases.get(broker);
    return known != null && known.brokerEpoch() == brokerEpoch && known.left();
  }

  /**
   * Whether a broker process counts as alive: it does until it has been silent for a whole lease,
   * since its last heartbeat or since this was asked first. Where this process does not lead,
   * everybody does.
   */
  public synchronized boolean isAlive(int broker, long brokerEpoch, long nowNanos) {
    Lease known = leases.get(broker);
    if (!leading || known == null || known.brokerEpoch() < brokerEpoch) {
      renew(broker, brokerEpoch, nowNanos);
      return true;
    }
    return known.brokerEpoch() > brokerEpoch || nowNanos - known.endNanos() < 0;
  }
}
