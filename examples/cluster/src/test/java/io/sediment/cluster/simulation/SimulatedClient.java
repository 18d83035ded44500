package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** What all clients have in common: whom they talk to, and that they never crash. */
abstract class SimulatedClient {
  private static final Duration TIMEOUT = Duration.ofSeconds(8);

  /** Which broker a client believes to lead. */
  interface Bootstrap {
    /** Null while there is none. */
    @Nullable BrokerProcess broker();

    /** Whether answers may name another leader, of which it is {@link #told} then. */
    default boolean listens() {
      return false;
    }

    /** Whether it is news that this broker leads under this epoch, and therefore the next one. */
    default boolean told(int broker, int epoch) {
      return false;
    }
  }

  final Simulation simulation;
  final SimScheduler network;
  final SplittableRandom random;
  final KafkaModel model;
  final Bootstrap bootstrap;
  private @Nullable SimulatedConnection connection;

  SimulatedClient(Simulation simulation, String name, KafkaModel model, Bootstrap bootstrap) {
    this.simulation = simulation;
    this.network = simulation.process(name);
    this.random = network.random();
    this.model = model;
    this.bootstrap = bootstrap;
  }

  /** The partition that it is about; null where there are several. */
  abstract @Nullable Place place();

  /** Whether brokers that do not lead serve it as well. */
  boolean readsNearby() {
    return false;
  }

  final void later(Runnable task, int millisMax) {
    network.schedule(task, Duration.ofNanos(random.nextLong(millisMax * 1_000_000L)));
  }

  /** The connection that is open, or a new one; null while nobody serves. */
  final @Nullable SimulatedConnection connection() {
    SimulatedConnection open = connection;
    if (open == null || !open.isOpen()) {
      BrokerProcess broker = bootstrap.broker();
      open =
          broker == null
              ? null
              : new SimulatedConnection(simulation, network, broker, place(), readsNearby());
      connection = open;
    }
    return open;
  }

  final void disconnect() {
    if (connection != null) {
      connection.close();
      connection = null;
    }
  }

  /** Asks another one from now on; what was sent may still be answered. */
  final void leave() {
    connection = null;
  }

  final boolean isCurrent(SimulatedConnection asked) {
    return asked == connection && asked.isOpen();
  }

  /** Runs {@code onTimeout} unless the connection was given up meanwhile. */
  final void timeOut(SimulatedConnection asked, Runnable onTimeout) {
    network.schedule(
        () -> {
          if (asked == connection) {
            onTimeout.run();
          }
        },
        TIMEOUT);
  }
}
