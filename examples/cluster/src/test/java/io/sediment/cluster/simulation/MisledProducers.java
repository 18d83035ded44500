package io.sediment.cluster.simulation;

import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * No producer is kept from a broker that would take what it sends. Whoever was told a leader epoch
 * does not listen to brokers that lead under an older one, so none of these may append for longer
 * than it takes to hear that it leads no longer.
 */
final class MisledProducers {
  private static final Duration INTERVAL = Duration.ofMillis(500);
  private static final Duration MISLED_MAX = MetadataFreshness.STALE_MAX;

  /** A producer, and who appends though it does not listen to that one. */
  private static final class Watched {
    final KnownLeader producer;
    @Nullable BrokerProcess unheard;
    long sinceNanos;

    Watched(KnownLeader producer) {
      this.producer = producer;
    }
  }

  private final Simulation simulation;
  private final ClusterBrokers brokers;
  private final List<Watched> watched;

  private MisledProducers(
      Simulation simulation, ClusterBrokers brokers, List<KnownLeader> producers) {
    this.simulation = simulation;
    this.brokers = brokers;
    this.watched = producers.stream().map(Watched::new).toList();
  }

  static void watch(Simulation simulation, ClusterBrokers brokers, List<KnownLeader> producers) {
    simulation
        .world()
        .schedule(new MisledProducers(simulation, brokers, producers)::look, INTERVAL);
  }

  private void look() {
    simulation.world().schedule(this::look, INTERVAL);
    long now = simulation.world().nanoTime();
    for (Watched each : watched) {
      KnownLeader producer = each.producer;
      BrokerProcess unheard = brokers.appendingBelow(producer.epoch(), producer.place());
      if (unheard == null || unheard != each.unheard) {
        each.unheard = unheard;
        each.sinceNanos = now;
      } else if (now - each.sinceNanos > MISLED_MAX.toNanos()) {
        simulation.fail(
            "misled: for "
                + MISLED_MAX
                + " a producer of "
                + producer.place()
                + " has not listened to "
                + unheard.process()
                + ", which leads under "
                + unheard.termOf(producer.place())
                + ": it was told of "
                + producer.epoch());
      }
    }
  }
}
