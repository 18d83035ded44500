package io.sediment.cluster;

import java.time.Duration;

/**
 * How long whoever stops a broker should wait before it is killed; one that is killed loses
 * nothing.
 */
final class StopTime {
  private static final Duration FLUSHING = Duration.ofSeconds(30);

  private StopTime() {}

  /** The handoff, telling clients, a goodbye that waits for a lease, and what is under way. */
  static Duration of(Duration lease) {
    return Broker.HANDOFF_TIMEOUT.plus(Broker.TELLING_CLIENTS).plus(lease).plus(FLUSHING);
  }
}
