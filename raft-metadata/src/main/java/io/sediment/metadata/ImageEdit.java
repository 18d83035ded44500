package io.sediment.metadata;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * The changes one command makes to an image. Remembers which rows it touched, so that the state
 * machine stores these and no more. Used by one thread, then dropped.
 */
final class ImageEdit {
  private final MetadataImage before;
  private final Set<RowKey> changed = new LinkedHashSet<>();
  private long nextProducerId;
  private long unregisteredEpochMax;
  private TreePMap<String, Integer> features;
  private TreePMap<Integer, Broker> brokers;
  private TreePMap<LaneId, Lane> lanes;
  private TreePMap<UUID, Topic> topics;
  private TreePMap<String, UUID> topicIds;
  private TreePMap<ConfigResource, TreePMap<String, String>> configs;
  private TreePMap<UUID, DeletedTopic> deletedTopics;
  private TreePMap<PartitionId, PreferredLeader> preferredLeaders;

  ImageEdit(MetadataImage before) {
    this.before = before;
    this.nextProducerId = before.nextProducerId;
    this.unregisteredEpochMax = before.unregisteredEpochMax;
    this.features = before.features;
    this.brokers = before.brokers;
    this.lanes = before.lanes;
    this.topics = before.topics;
    this.topicIds = before.topicIds;
    this.configs = before.configs;
    this.deletedTopics = before.deletedTopics;
    this.preferredLeaders = before.preferredLeaders;
  }

  static <K extends Comparable<? super K>, V> TreePMap<K, V> sortedCopy(Map<K, V> map) {
    return map instanceof TreePMap<K, V> sorted ? sorted : TreePMap.from(map);
  }

  /** The image so far, for look-ups while editing. */
  MetadataImage image() {
    return new MetadataImage(
        before.clusterId,
        before.incarnation,
        before.version,
        nextProducerId,
        unregisteredEpochMax,
        features,
        brokers,
        lanes,
        topics,
        topicIds,
        configs,
        deletedTopics,
        preferredLeaders);
  }

  Set<RowKey> changedRows() {
    return changed;
  }

  ImageEdit nextProducerId(long next) {
    nextProducerId = next;
    changed.add(new RowKey.Counters());
    return this;
  }

  ImageEdit unregisteredEpochMax(long epoch) {
    unregisteredEpochMax = epoch;
    changed.add(new RowKey.Counters());
    return this;
  }

  ImageEdit feature(String name, int level) {
    features = level == 0 ? features.minus(name) : features.plus(name, level);
    changed.add(new RowKey.Feature(name));
    return this;
  }

  ImageEdit put(Broker broker) {
    brokers = brokers.plus(broker.id(), broker);
    changed.add(new RowKey.OfBroker(broker.id()));
    return this;
  }

  ImageEdit remove(Broker broker) {
    brokers = brokers.minus(broker.id());
    changed.add(new RowKey.OfBroker(broker.id()));
    return this;
  }

  ImageEdit put(Lane lane) {
    lanes = lanes.plus(lane.id(), lane);
    changed.add(new RowKey.OfLane(lane.id()));
    return this;
  }

  ImageEdit put(Topic topic) {
    topics = topics.plus(topic.id(), topic);
    topicIds = topicIds.plus(topic.name(), topic.id());
    changed.add(new RowKey.OfTopic(topic.id()));
    return this;
  }

  ImageEdit remove(Topic topic) {
    topics = topics.minus(topic.id());
    topicIds = topicIds.minus(topic.name());
    changed.add(new RowKey.OfTopic(topic.id()));
    return this;
  }

  ImageEdit put(DeletedTopic topic) {
    deletedTopics = deletedTopics.plus(topic.id(), topic);
    changed.add(new RowKey.OfDeletedTopic(topic.id()));
    return this;
  }

  ImageEdit remove(DeletedTopic topic) {
    deletedTopics = deletedTopics.minus(topic.id());
    changed.add(new RowKey.OfDeletedTopic(topic.id()));
    return this;
  }

  /**
   * @param next null for nobody
   */
  ImageEdit preferredLeader(PartitionId id, @Nullable PreferredLeader next) {
    preferredLeaders = next == null ? preferredLeaders.minus(id) : preferredLeaders.plus(id, next);
    changed.add(new RowKey.OfPreferredLeader(id));
    return this;
  }

  ImageEdit configs(ConfigResource resource, TreePMap<String, String> next) {
    configs = next.isEmpty() ? configs.minus(resource) : configs.plus(resource, next);
    changed.add(new RowKey.OfConfigs(resource));
    return this;
  }
}
