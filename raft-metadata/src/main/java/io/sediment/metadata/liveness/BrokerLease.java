package io.sediment.metadata.liveness;

import io.sediment.runtime.Ticker;
import java.util.concurrent.atomic.AtomicLong;

/**
 * This broker's own lease: while it holds, no other broker appends to this one's partitions, so
 * that what this one tells its clients is the newest there is. Thread-safe, never blocking.
 */
public final class BrokerLease {
  private final Ticker ticker;

  /** The origin of a ticker is arbitrary, so time is counted from when this was made. */
  private final long origin;

  private final AtomicLong endNanos = new AtomicLong();

  /** Not held until it is granted first. */
  public BrokerLease(Ticker ticker) {
    this.ticker = ticker;
    this.origin = ticker.nanoTime();
  }

  /**
   * The Raft leader has answered a heartbeat.
   *
   * @param sentNanos what the ticker said before it was sent; answers may come in any order
   * @param leaseNanos for how long the leader believes in a broker it has heard
   */
  public void granted(long sentNanos, long leaseNanos) {
    endNanos.accumulateAndGet(sentNanos - origin + leaseNanos, Math::max);
  }

  public boolean isHeld() {
    return ticker.nanoTime() - origin < endNanos.get();
  }
}
