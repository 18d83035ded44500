package io.sediment.cluster;

import java.time.Duration;

/**
 * How long whoever stops a broker should wait before it is killed; one that is killed loses
 * nothing.
 */
final class StopTime {
  private static final Duration FLUSHING = Duration.ofSeconds(30);

  /** A goodbye waits for one, having another broker lead the metadata group for two. */
  private static final int LEASES = 3;

  private StopTime() {}

  /** The handoff, telling clients, leases that pass, and what is under way. */
  static Duration of(Duration lease) {
    return Broker.HANDOFF_TIMEOUT
        .plus(Broker.TELLING_CLIENTS)
        .plus(lease.multipliedBy(LEASES))
        .plus(FLUSHING);
  }
}
