package io.sediment.cluster.simulation;

import io.sediment.metadata.MetadataImage;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/** Nobody who has a lease serves by metadata that the Raft leader left behind long ago. */
final class MetadataFreshness {
  private static final Duration INTERVAL = Duration.ofMillis(500);

  /** Five leases of patience, one of the lease, and some for who was asked when. */
  static final Duration STALE_MAX = RaftMember.LEASE.multipliedBy(8);

  /** The metadata by which the Raft leader of an incarnation served at a time. */
  private record Published(long atNanos, long incarnation, long version) {}

  private final Simulation simulation;
  private final ClusterBrokers brokers;
  private final Deque<Published> published = new ArrayDeque<>();

  private MetadataFreshness(Simulation simulation, ClusterBrokers brokers) {
    this.simulation = simulation;
    this.brokers = brokers;
  }

  static void watch(Simulation simulation, ClusterBrokers brokers) {
    simulation.world().schedule(new MetadataFreshness(simulation, brokers)::look, INTERVAL);
  }

  private void look() {
    simulation.world().schedule(this::look, INTERVAL);
    long now = simulation.world().nanoTime();
    SimulatedRaft raft = brokers.raft();
    long incarnation = raft.started().incarnation().number();
    published.add(new Published(now, incarnation, raft.versionOfLeader()));
    while (now - published.element().atNanos() > STALE_MAX.toNanos()) {
      Published old = published.remove();
      for (BrokerProcess broker : brokers.all()) {
        if (broker.isServing() && broker.process().isUp() && broker.isLeaseHeld()) {
          MetadataImage image = broker.metadata().image();
          if (image.incarnation() == old.incarnation() && image.version() < old.version()) {
            simulation.fail(
                "stale metadata: "
                    + broker.process()
                    + " has a lease and "
                    + image.version()
                    + ", the leader had "
                    + old.version()
                    + " before "
                    + STALE_MAX);
          }
        }
      }
    }
  }
}
