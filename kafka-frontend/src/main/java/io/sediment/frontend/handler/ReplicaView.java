package io.sediment.frontend.handler;

import io.sediment.metadata.Broker;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferredLeader;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What clients are told about replicas and controllers, of which this cluster has none: the bytes
 * are in the object store, and any live broker takes administrative requests. Pure.
 */
public final class ReplicaView {
  private final int brokerId;

  /**
   * @param brokerId this broker, which is alive
   */
  public ReplicaView(int brokerId) {
    this.brokerId = brokerId;
  }

  Collection<Broker> liveBrokers(MetadataImage image) {
    return image.servingBrokers().values();
  }

  /** This broker, which takes administrative requests; never -1, or admin clients wait for ever. */
  int controllerId() {
    return brokerId;
  }

  /**
   * Who shall lead by an operator's word first, if there is room for the leader besides; then the
   * leader, then live brokers in turn, first one of each rack that has none yet, up to the topic's
   * replication factor.
   */
  public List<Integer> replicasOf(MetadataImage image, Topic topic, int index) {
    Partition partition = topic.partitions().get(index);
    int leader = image.leaderOf(partition);
    List<Integer> nodes = new ArrayList<>(topic.replicationFactor());
    PreferredLeader preferred = image.preferredLeader(new PartitionId(topic.id(), index));
    if (preferred != null
        && preferred.broker() != leader
        && topic.replicationFactor() > 1
        && image.servingBrokers().containsKey(preferred.broker())) {
      nodes.add(preferred.broker());
    }
    if (leader != MetadataImage.NO_LEADER) {
      nodes.add(leader);
    }
    List<Broker> inTurn = new ArrayList<>(image.servingBrokers().tailMap(leader + 1).values());
    inTurn.addAll(image.servingBrokers().headMap(leader + 1).values());
    Set<String> racks = new HashSet<>();
    nodes.forEach(id -> addRack(racks, image.broker(id)));
    for (Broker broker : inTurn) {
      if (nodes.size() < topic.replicationFactor() && addRack(racks, broker)) {
        add(nodes, broker.id(), topic);
      }
    }
    inTurn.forEach(broker -> add(nodes, broker.id(), topic));
    return nodes;
  }

  private static boolean addRack(Set<String> racks, @Nullable Broker broker) {
    return broker != null && broker.rack() != null && racks.add(broker.rack());
  }

  /**
   * Where a consumer of {@code rack} reads a partition instead of from its leader, which is in
   * another one: a replica there, if there is one. Clients go to no other.
   */
  OptionalInt nearerThanLeader(MetadataImage image, Topic topic, int index, String rack) {
    int leader = image.leaderOf(topic.partitions().get(index));
    if (isIn(rack, image, leader)) {
      return OptionalInt.empty();
    }
    return replicasOf(image, topic, index).stream()
        .filter(id -> id != leader && isIn(rack, image, id))
        .mapToInt(id -> id)
        .findFirst();
  }

  private static boolean isIn(String rack, MetadataImage image, int id) {
    Broker broker = image.broker(id);
    return broker != null && rack.equals(broker.rack());
  }

  private static void add(List<Integer> nodes, int id, Topic topic) {
    if (nodes.size() < topic.replicationFactor() && !nodes.contains(id)) {
      nodes.add(id);
    }
  }
}
