package io.sediment.cluster.simulation;

import io.sediment.metadata.MetadataImage;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** Nobody who has a lease serves by metadata that the Raft leader left behind long ago. */
final class MetadataFreshness {
  private static final Duration INTERVAL = Duration.ofMillis(500);

  /** Five leases of patience, one of the lease, and some for who was asked when. */
  static final Duration STALE_MAX = RaftMember.LEASE.multipliedBy(8);

  /** What the Raft leader of an incarnation served by when somebody else was not that far. */
  private record Behind(long sinceNanos, long incarnation, long version) {}

  private final Simulation simulation;
  private final ClusterBrokers brokers;
  private final Map<BrokerProcess, Behind> behind = new HashMap<>();

  private MetadataFreshness(Simulation simulation, ClusterBrokers brokers) {
    this.simulation = simulation;
    this.brokers = brokers;
  }

  static void watch(Simulation simulation, ClusterBrokers brokers) {
    simulation.world().schedule(new MetadataFreshness(simulation, brokers)::look, INTERVAL);
  }

  private void look() {
    simulation.world().schedule(this::look, INTERVAL);
    SimulatedRaft raft = brokers.raft();
    Behind newest =
        new Behind(
            simulation.world().nanoTime(),
            raft.started().incarnation().number(),
            raft.versionOfLeader());
    for (BrokerProcess broker : brokers.all()) {
      if (broker.isServing() && broker.process().isUp() && broker.isLeaseHeld()) {
        look(broker, newest);
      } else {
        behind.remove(broker); // who sleeps catches up once it is awake
      }
    }
  }

  private void look(BrokerProcess broker, Behind newest) {
    MetadataImage image = broker.metadata().image();
    Behind known = behind.get(broker);
    if (known == null || !isBehind(image, known)) {
      known = newest;
    }
    if (!isBehind(image, known)) {
      behind.remove(broker);
      return;
    }
    behind.put(broker, known);
    if (newest.sinceNanos() - known.sinceNanos() > STALE_MAX.toNanos()) {
      simulation.fail(
          "stale metadata: "
              + broker.process()
              + " has a lease and "
              + image.version()
              + ", the leader had "
              + known.version()
              + " before "
              + STALE_MAX);
    }
  }

  private static boolean isBehind(MetadataImage image, Behind leader) {
    return image.incarnation() == leader.incarnation() && image.version() < leader.version();
  }
}
