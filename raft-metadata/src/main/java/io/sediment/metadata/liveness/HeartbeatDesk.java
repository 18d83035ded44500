package io.sediment.metadata.liveness;

import io.sediment.metadata.Broker;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.liveness.HeartbeatReply.Verdict;
import io.sediment.runtime.Ticker;

/** Where the Raft leader hears heartbeats. Thread-safe, never blocking. */
public final class HeartbeatDesk {
  private final BrokerLeases leases;
  private final Ticker ticker;

  public HeartbeatDesk(BrokerLeases leases, Ticker ticker) {
    this.leases = leases;
    this.ticker = ticker;
  }

  /**
   * @param applied the newest image of the log, published or not
   */
  public HeartbeatReply hear(Heartbeat heartbeat, MetadataImage applied) {
    Broker known = applied.broker(heartbeat.broker());
    if (known != null && known.epoch() > heartbeat.brokerEpoch()) {
      return HeartbeatReply.of(Verdict.REPLACED);
    }
    if (heartbeat.leaving()) {
      leases.leave(heartbeat.broker(), heartbeat.brokerEpoch(), ticker.nanoTime());
      return HeartbeatReply.of(leases.isLeading() ? Verdict.FAREWELL : Verdict.NOT_LEADER);
    }
    return leases.renew(heartbeat.broker(), heartbeat.brokerEpoch(), ticker.nanoTime())
        ? new HeartbeatReply(Verdict.GRANTED, leases.duration())
        : HeartbeatReply.of(Verdict.NOT_LEADER);
  }
}
