package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.ClusterBrokers.Leadership;
import io.sediment.cluster.simulation.KafkaModel.Place;
import org.jspecify.annotations.Nullable;

/**
 * What a client knows of who leads its partition, as Kafka's Java client does ({@code Metadata}): a
 * leader that an answer names (KIP-951) counts where its epoch is newer than any that the client
 * knows, metadata where its epoch is not older. Nothing else is listened to, so whoever is told an
 * epoch that nobody leads under asks in vain.
 */
final class KnownLeader implements SimulatedClient.Bootstrap {
  private final ClusterBrokers brokers;
  private final Place place;
  private Leadership known = Leadership.NONE;
  private boolean told; // and has not gone there yet
  private long hints;
  private long hintsAhead;

  KnownLeader(ClusterBrokers brokers, Place place) {
    this.brokers = brokers;
    this.place = place;
  }

  Place place() {
    return place;
  }

  /** The newest leader epoch that it heard of; -1 before. */
  int epoch() {
    return known.epoch();
  }

  @Override
  public @Nullable BrokerProcess broker() {
    Leadership metadata = told ? null : brokers.leadershipOf(place);
    told = false;
    if (metadata != null && metadata.epoch() >= known.epoch()) {
      known = metadata;
    }
    return brokers.serving(known.broker());
  }

  @Override
  public boolean listens() {
    return true;
  }

  @Override
  public boolean told(int broker, int epoch) {
    if (epoch <= known.epoch()) {
      return false;
    }
    hints++;
    hintsAhead += brokers.newestEpochOf(place) < epoch ? 1 : 0;
    known = new Leadership(broker, epoch);
    told = true;
    return true;
  }

  /** How often it was told where to go. */
  long hints() {
    return hints;
  }

  /** Of these, before anybody's metadata said so. */
  long hintsAhead() {
    return hintsAhead;
  }
}
