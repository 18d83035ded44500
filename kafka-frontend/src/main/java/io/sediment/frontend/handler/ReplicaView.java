package io.sediment.frontend.handler;

import io.sediment.metadata.Broker;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferredLeader;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

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
   * leader, then live brokers in turn, up to the topic's replication factor.
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
    for (int id : image.servingBrokers().tailMap(leader + 1).keySet()) {
      add(nodes, id, topic);
    }
    for (int id : image.servingBrokers().keySet()) {
      add(nodes, id, topic);
    }
    return nodes;
  }

  private static void add(List<Integer> nodes, int id, Topic topic) {
    if (nodes.size() < topic.replicationFactor() && !nodes.contains(id)) {
      nodes.add(id);
    }
  }
}
