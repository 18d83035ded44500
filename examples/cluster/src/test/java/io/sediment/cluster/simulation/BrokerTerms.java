package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Topic;
import org.jspecify.annotations.Nullable;

/** Under which terms a process that serves leads partitions, or follows them, for checks. */
final class BrokerTerms {
  private final int id;
  private final boolean hasPeers;
  private final Generation generation;
  private final ClusterMetadata metadata;
  private final PartitionLogs logs;

  BrokerTerms(
      int id,
      boolean hasPeers,
      Generation generation,
      ClusterMetadata metadata,
      PartitionLogs logs) {
    this.id = id;
    this.hasPeers = hasPeers;
    this.generation = generation;
    this.metadata = metadata;
    this.logs = logs;
  }

  Generation generation() {
    return generation;
  }

  /**
   * Under which leadership it serves a partition right now: the partition's leader epoch where
   * there are several brokers; unknown where another one leads.
   */
  Generation termOf(Place place) {
    if (!hasPeers) {
      return generation;
    }
    MetadataImage image = metadata.image();
    Topic topic = image.topic(place.topic());
    if (topic == null) {
      return Generation.UNKNOWN;
    }
    Partition partition = topic.partitions().get(place.partition());
    Lane placed = image.lane(partition.current().lane());
    boolean isOurs = placed != null && placed.owner() == id && placed.isOpen();
    return isOurs ? under(partition) : Generation.UNKNOWN;
  }

  /**
   * Under which leadership, of whichever broker, it knows a partition right now, to serve those of
   * its rack.
   */
  Generation knownTermOf(Place place) {
    Topic topic = metadata.image().topic(place.topic());
    return topic == null ? Generation.UNKNOWN : under(topic.partitions().get(place.partition()));
  }

  private Generation under(Partition partition) {
    return new Generation(generation.incarnation(), partition.leaderEpoch());
  }

  /** High watermark of a partition as its leader under {@code term}; -1 where it is not. */
  long highWatermarkAsLeader(Place place, Generation term) {
    PartitionLog led = log(place);
    boolean isLeader =
        led != null
            && generation.incarnation() == term.incarnation()
            && led.leaderEpoch() == term.epoch();
    return isLeader ? led.highWatermark() : -1;
  }

  /** Whether it takes what is sent to a partition, under an older leader epoch than this. */
  boolean appendsBelow(int epoch, Place place) {
    PartitionLog led = log(place);
    return led != null && led.isOpen() && !led.isHandedOver() && led.leaderEpoch() < epoch;
  }

  private @Nullable PartitionLog log(Place place) {
    for (PartitionLog led : logs.all()) {
      if (led.topic().equals(place.topic()) && led.id().partition() == place.partition()) {
        return led;
      }
    }
    return null;
  }
}
