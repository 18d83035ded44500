package io.sediment.metadata.liveness;

import io.sediment.metadata.Broker;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.liveness.HeartbeatReply.Verdict;
import io.sediment.runtime.Ticker;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where the Raft leader hears heartbeats, and passes on what brokers say of their lanes.
 * Thread-safe, never blocking.
 */
public final class HeartbeatDesk {
  private final BrokerLeases leases;
  private final LongSupplier exportedIndex;
  private final Ticker ticker;
  private final ConcurrentMap<LaneId, LaneReport> lanes = new ConcurrentHashMap<>();

  /**
   * @param exportedIndex up to which the bucket holds the metadata log, for all that is known here
   */
  public HeartbeatDesk(BrokerLeases leases, LongSupplier exportedIndex, Ticker ticker) {
    this.leases = leases;
    this.exportedIndex = exportedIndex;
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
    note(heartbeat, applied);
    if (heartbeat.leaving()) {
      leases.leave(heartbeat.broker(), heartbeat.brokerEpoch(), ticker.nanoTime());
      return HeartbeatReply.of(leases.isLeading() ? Verdict.FAREWELL : Verdict.NOT_LEADER);
    }
    return leases.renew(heartbeat.broker(), heartbeat.brokerEpoch(), ticker.nanoTime())
        ? new HeartbeatReply(
            Verdict.GRANTED, leases.duration(), others(heartbeat.lane()), exportedIndex.getAsLong())
        : HeartbeatReply.of(Verdict.NOT_LEADER);
  }

  /** What is acknowledged stays so, whoever tells; a lane that is closed needs no announcement. */
  private void note(Heartbeat heartbeat, MetadataImage applied) {
    lanes.keySet().removeIf(id -> !isOpen(applied.lane(id)));
    LaneReport slot = heartbeat.lane();
    if (slot != null && isOpen(applied.lane(slot.lane()))) {
      lanes.merge(slot.lane(), slot, (known, said) -> said.isBehind(known) ? known : said);
    }
  }

  private static boolean isOpen(@Nullable Lane lane) {
    return lane != null && lane.isOpen();
  }

  private List<LaneReport> others(@Nullable LaneReport own) {
    return lanes.values().stream()
        .filter(slot -> own == null || !slot.lane().equals(own.lane()))
        .toList();
  }
}
