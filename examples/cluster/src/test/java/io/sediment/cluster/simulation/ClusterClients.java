package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.AdminClient.Wanted;
import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.cluster.simulation.SimulatedClient.Bootstrap;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Those who write and read the partitions of several brokers, and read everything again at the end.
 * They ask whom they believe to lead a partition, which is at times who led it before; some readers
 * ask a broker nearby.
 */
final class ClusterClients {
  private final Simulation simulation;
  private final SplittableRandom random;
  private final SplittableRandom believed;
  private final KafkaModel model;
  private final ClusterBrokers brokers;
  private final Duration progressLimit;
  private final List<Wanted> topics = new ArrayList<>();
  private final List<ProducerClient> producers = new ArrayList<>();
  private final List<KnownLeader> listeners = new ArrayList<>(); // of producers
  private final List<ConsumerClient> consumers = new ArrayList<>();
  private final AdminClient admin;
  private long nearbyReads;

  /**
   * @param random that of chaos
   * @param progressLimit for whatever has to come to an end once all is healed
   */
  ClusterClients(
      Simulation simulation,
      SplittableRandom random,
      KafkaModel model,
      ClusterBrokers brokers,
      Duration progressLimit) {
    this.simulation = simulation;
    this.random = random;
    this.believed = brokers.beliefs();
    this.model = model;
    this.brokers = brokers;
    this.progressLimit = progressLimit;
    for (int i = 0; i <= random.nextInt(2); i++) {
      topics.add(Wanted.drawn("topic" + i, 3, random));
    }
    this.admin = new AdminClient(simulation, "admin", topics, model, brokers::anybody);
    for (Wanted topic : topics) {
      topic.places().forEach(this::newClients);
    }
  }

  private void newClients(Place place) {
    for (int i = 0; i <= random.nextInt(2); i++) {
      boolean idempotent = random.nextInt(3) != 0;
      String name = (idempotent ? "idempotent-" : "plain-") + place + "-" + i;
      producers.add(
          new ProducerClient(simulation, name, place, idempotent, model, leaderFor(place)));
    }
    consumers.add(
        new ConsumerClient(
            simulation, "consumer-" + place, place, true, model, () -> believedLeader(place)));
    if (random.nextBoolean()) {
      newNearby("nearby-" + place, place, random.nextInt(ClusterBrokers.COUNT), true);
    }
  }

  /** Most producers keep to what they were told; the others do not listen, and ask old leaders. */
  private Bootstrap leaderFor(Place place) {
    if (believed.nextInt(3) == 0) {
      return () -> believedLeader(place);
    }
    KnownLeader known = new KnownLeader(brokers, place);
    listeners.add(known);
    return known;
  }

  /** Asks one broker, whether it leads or not. */
  private ConsumerClient newNearby(String name, Place place, int broker, boolean seeks) {
    return new ConsumerClient(
        simulation,
        name,
        place,
        seeks,
        model,
        () -> {
          BrokerProcess asked = brokers.newest(broker);
          return asked != null && asked.isServing() ? asked : null;
        },
        BrokerPeers.rackOf(broker),
        (by, highWatermark) -> {
          if (!brokers.newest(broker).termOf(place).isKnown()) {
            checkNotBeyondLeader(place, by, highWatermark);
          }
        });
  }

  /** What a broker nearby calls readable, the leader has acknowledged before, dead or alive. */
  private void checkNotBeyondLeader(Place place, Generation by, long highWatermark) {
    nearbyReads++;
    for (BrokerProcess leader : brokers.all()) {
      long most = leader.highWatermarkAsLeader(place, by);
      if (most >= 0 && highWatermark > most) {
        simulation.fail(
            "uncommitted read: "
                + place
                + " is readable to "
                + highWatermark
                + " nearby, and to "
                + most
                + " at its leader "
                + leader.process()
                + " in "
                + by);
      }
    }
  }

  boolean isEverythingServed() {
    return topics.stream()
        .flatMap(topic -> topic.places().stream())
        .allMatch(place -> brokers.leaderOf(place) != null);
  }

  /** Nothing new is written or deleted, until all that was is acknowledged. */
  void finish() {
    producers.forEach(ProducerClient::stop);
    admin.stop();
    until(
        () -> producers.stream().allMatch(ProducerClient::hasNothingUnacked),
        "everything acknowledged");
  }

  /** Reads everything again, from leaders and nearby, and looks some times up. */
  void audit() {
    model.arrivesSound();
    List<ConsumerClient> auditors = new ArrayList<>();
    for (ConsumerClient consumer : consumers) {
      Place place = consumer.place();
      auditors.add(
          new ConsumerClient(
              simulation, "auditor-" + place, place, false, model, () -> believedLeader(place)));
    }
    until(() -> auditors.stream().allMatch(ConsumerClient::isAtEnd), "everything read");
    List<ConsumerClient> afar = new ArrayList<>();
    for (ConsumerClient auditor : auditors) {
      afar.add(
          newNearby(
              "nearby-" + auditor.place(),
              auditor.place(),
              random.nextInt(ClusterBrokers.COUNT),
              false));
    }
    for (int i = 0; i < afar.size(); i++) {
      ConsumerClient reader = afar.get(i);
      ConsumerClient auditor = auditors.get(i);
      until(
          () -> reader.isAtEnd() && reader.end() == auditor.end(),
          "all of " + auditor.place() + " read nearby");
      model.checkComplete(
          reader.place(), reader.begin(), reader.end(), reader.bytes(), reader.records());
    }
    auditors.forEach(auditor -> auditor.lookUp(5));
    until(() -> auditors.stream().allMatch(ConsumerClient::hasLookedUp), "every time looked for");
    for (ConsumerClient auditor : auditors) {
      model.checkComplete(
          auditor.place(), auditor.begin(), auditor.end(), auditor.bytes(), auditor.records());
    }
  }

  private void until(BooleanSupplier done, String what) {
    simulation.runUntil(done, progressLimit, what);
  }

  /** Mostly the leader by somebody's metadata; sometimes whoever, a zombie too. */
  private @Nullable BrokerProcess believedLeader(Place place) {
    return !brokers.isHealed() && believed.nextInt(6) == 0
        ? brokers.anybody()
        : brokers.leaderOf(place);
  }

  /** Of those producers that keep to what they were told. */
  List<KnownLeader> listeners() {
    return List.copyOf(listeners);
  }

  /**
   * Nearby reads, answered by brokers that did not lead; hints, by which producers went elsewhere,
   * and those among them that were ahead of everybody's metadata.
   */
  Map<String, Long> counts() {
    return Map.of(
        "nearby reads", nearbyReads,
        "hints", listeners.stream().mapToLong(KnownLeader::hints).sum(),
        "hints ahead", listeners.stream().mapToLong(KnownLeader::hintsAhead).sum());
  }
}
