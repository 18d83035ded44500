package io.sediment.metadata;

import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * All metadata of the cluster at one moment. Immutable; the next image shares all that did not
 * change, so that an unchanged {@link Topic}, {@link Lane} or {@link Broker} is the same object in
 * both. Look-ups are a few comparisons and allocate nothing. Iteration is in ascending order of the
 * key, the same on every machine.
 */
public final class MetadataImage {
  /** Instead of a broker id: nobody leads the partition at the moment. */
  public static final int NO_LEADER = -1;

  final String clusterId;
  final long incarnation;
  final long version;
  final long nextProducerId;
  final long unregisteredEpochMax;
  final TreePMap<String, Integer> features;
  final TreePMap<Integer, Broker> brokers;
  final TreePMap<LaneId, Lane> lanes;
  final TreePMap<UUID, Topic> topics;
  final TreePMap<String, UUID> topicIds;
  final TreePMap<ConfigResource, TreePMap<String, String>> configs;
  final TreePMap<UUID, DeletedTopic> deletedTopics;
  final TreePMap<PartitionId, PreferredLeader> preferredLeaders;

  /** Found out when first asked for. */
  private volatile @Nullable SortedMap<Integer, Broker> serving;

  MetadataImage(
      String clusterId,
      long incarnation,
      long version,
      long nextProducerId,
      long unregisteredEpochMax,
      TreePMap<String, Integer> features,
      TreePMap<Integer, Broker> brokers,
      TreePMap<LaneId, Lane> lanes,
      TreePMap<UUID, Topic> topics,
      TreePMap<String, UUID> topicIds,
      TreePMap<ConfigResource, TreePMap<String, String>> configs,
      TreePMap<UUID, DeletedTopic> deletedTopics,
      TreePMap<PartitionId, PreferredLeader> preferredLeaders) {
    this.clusterId = clusterId;
    this.incarnation = incarnation;
    this.version = version;
    this.nextProducerId = nextProducerId;
    this.unregisteredEpochMax = unregisteredEpochMax;
    this.features = features;
    this.brokers = brokers;
    this.lanes = lanes;
    this.topics = topics;
    this.topicIds = topicIds;
    this.configs = configs;
    this.deletedTopics = deletedTopics;
    this.preferredLeaders = preferredLeaders;
  }

  /** The image of a cluster in which nothing has happened yet. */
  public static MetadataImage empty(String clusterId, long incarnation) {
    return new MetadataImage(
        clusterId,
        incarnation,
        -1,
        0,
        0,
        TreePMap.empty(),
        TreePMap.empty(),
        TreePMap.empty(),
        TreePMap.empty(),
        TreePMap.empty(),
        TreePMap.empty(),
        TreePMap.empty(),
        TreePMap.empty());
  }

  public String clusterId() {
    return clusterId;
  }

  /** Which life of the bucket this is; see the incarnation register. */
  public long incarnation() {
    return incarnation;
  }

  /**
   * Index in the Raft log of the last command in this image, -1 before the first. Grows from image
   * to image within an incarnation, not by ones.
   */
  public long version() {
    return version;
  }

  /** Finalized feature levels by name. */
  public SortedMap<String, Integer> features() {
    return features;
  }

  public SortedMap<Integer, Broker> brokers() {
    return brokers;
  }

  public @Nullable Broker broker(int id) {
    return brokers.get(id);
  }

  public SortedMap<LaneId, Lane> lanes() {
    return lanes;
  }

  public @Nullable Lane lane(LaneId id) {
    return lanes.get(id);
  }

  /** All topics, in ascending order of id. */
  public Collection<Topic> topics() {
    return topics.values();
  }

  /** Ids by name, in ascending order of name. */
  public SortedMap<String, UUID> topicIds() {
    return topicIds;
  }

  public @Nullable Topic topic(UUID id) {
    return topics.get(id);
  }

  public @Nullable Topic topic(String name) {
    UUID id = topicIds.get(name);
    return id == null ? null : topics.get(id);
  }

  public @Nullable Partition partition(UUID topicId, int partition) {
    Topic topic = topics.get(topicId);
    return topic == null ? null : topic.partition(partition);
  }

  public @Nullable Partition partition(PartitionId id) {
    return partition(id.topicId(), id.partition());
  }

  /**
   * The broker that appends to {@code partition} now, or {@link #NO_LEADER} while its lane is
   * opening, sealing or sealed.
   */
  public int leaderOf(Partition partition) {
    Placement current = partition.current();
    Lane lane = lanes.get(current.lane());
    return lane != null && lane.isOpen() && lane.epoch() == current.laneEpoch()
        ? lane.owner()
        : NO_LEADER;
  }

  /** What was set on a resource, in ascending order of key; empty where nothing was. */
  public Map<String, String> configs(ConfigResource resource) {
    if (resource.type() == ConfigResource.Type.TOPIC) {
      Topic topic = topic(resource.name());
      return topic == null ? Map.of() : topic.configs();
    }
    TreePMap<String, String> found = configs.get(resource);
    return found == null ? Map.of() : found;
  }

  /** Resources other than topics on which something is set. */
  public Collection<ConfigResource> configuredResources() {
    return configs.keySet();
  }

  /** First producer id that was not given out yet. */
  public long nextProducerId() {
    return nextProducerId;
  }

  /**
   * No process of a broker that is not registered had a higher epoch; who registers anew begins
   * above it.
   */
  long unregisteredEpochMax() {
    return unregisteredEpochMax;
  }

  /** Topics that are gone while lanes may still hold bytes of them. */
  public SortedMap<UUID, DeletedTopic> deletedTopics() {
    return deletedTopics;
  }

  /** Who shall lead by an operator's word, by partition. */
  public SortedMap<PartitionId, PreferredLeader> preferredLeaders() {
    return preferredLeaders;
  }

  public @Nullable PreferredLeader preferredLeader(PartitionId id) {
    return preferredLeaders.get(id);
  }

  /** Whether somebody else leads a partition than shall, and has not handed it over yet. */
  public boolean isMoving(PartitionId id) {
    PreferredLeader preferred = preferredLeaders.get(id);
    Partition partition = preferred == null || !preferred.moving() ? null : partition(id);
    return preferred != null && partition != null && leaderOf(partition) != preferred.broker();
  }

  /**
   * Brokers that clients can be sent to, those that append to a lane: one that died is none of them
   * from the moment its lane is taken away.
   */
  public SortedMap<Integer, Broker> servingBrokers() {
    SortedMap<Integer, Broker> known = serving;
    if (known == null) {
      TreeMap<Integer, Broker> found = new TreeMap<>();
      for (Lane lane : lanes.values()) {
        Broker owner = brokers.get(lane.owner());
        if (lane.isOpen() && owner != null) {
          found.put(owner.id(), owner);
        }
      }
      known = Collections.unmodifiableSortedMap(found);
      serving = known;
    }
    return known;
  }

  /** Refuses whoever is not the newest process of {@code broker}; null for that one. */
  <R> @Nullable CommandOutcome<R> refusalOf(int broker, long brokerEpoch) {
    Broker known = brokers.get(broker);
    if (known == null) {
      return CommandOutcome.rejected(this, RejectionCode.UNKNOWN_BROKER, "broker " + broker);
    }
    return known.epoch() == brokerEpoch
        ? null
        : CommandOutcome.rejected(
            this,
            RejectionCode.STALE_BROKER_EPOCH,
            "broker " + broker + ": epoch=" + brokerEpoch + " current=" + known.epoch());
  }

  ImageEdit edit() {
    return new ImageEdit(this);
  }

  /** The same metadata as of another index of the log. */
  public MetadataImage withVersion(long newVersion) {
    return new MetadataImage(
        clusterId,
        incarnation,
        newVersion,
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

  /** Equal in all but the version. */
  public boolean sameContent(MetadataImage other) {
    return clusterId.equals(other.clusterId)
        && incarnation == other.incarnation
        && nextProducerId == other.nextProducerId
        && unregisteredEpochMax == other.unregisteredEpochMax
        && features.equals(other.features)
        && brokers.equals(other.brokers)
        && lanes.equals(other.lanes)
        && topics.equals(other.topics)
        && topicIds.equals(other.topicIds)
        && configs.equals(other.configs)
        && deletedTopics.equals(other.deletedTopics)
        && preferredLeaders.equals(other.preferredLeaders);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MetadataImage image && version == image.version && sameContent(image);
  }

  @Override
  public int hashCode() {
    return Long.hashCode(version) * 31 + clusterId.hashCode();
  }

  @Override
  public String toString() {
    return "metadata of "
        + clusterId
        + ": incarnation="
        + incarnation
        + " version="
        + version
        + " brokers="
        + brokers.size()
        + " lanes="
        + lanes.size()
        + " topics="
        + topics.size();
  }
}
