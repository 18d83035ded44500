package io.sediment.metadata;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The first image of a new incarnation: what the old one exported, its lanes sealed, and every
 * partition placed anew at the end of what was acknowledged.
 */
public final class Rebirth {
  private Rebirth() {}

  /**
   * @param old newest export of the incarnation before
   * @param sealed every lane of the registry
   * @param newLane takes all partitions over; registered by {@code broker} under the new
   *     incarnation and not opened yet
   * @throws CorruptMetadataException where a lane ends below what the image says it held
   */
  public static MetadataImage imageAfter(
      MetadataImage old,
      long incarnation,
      Collection<SealedLane> sealed,
      LaneId newLane,
      int broker) {
    ImageEdit edit = old.edit();
    Map<LaneId, SealedLane> byId = new TreeMap<>();
    for (SealedLane lane : sealed) {
      byId.put(lane.lane(), lane);
      // Someone has to compact and collect what lies in it: the one broker that is surely alive.
      edit.put(new Lane(lane.lane(), broker, lane.epoch(), Lane.State.SEALED));
    }
    edit.put(new Lane(newLane, broker, 0, Lane.State.OPENING));
    for (Topic topic : old.topics()) {
      List<Partition> partitions = new ArrayList<>(topic.partitionCount());
      for (int i = 0; i < topic.partitionCount(); i++) {
        partitions.add(
            reborn(topic.partitions().get(i), new PartitionId(topic.id(), i), byId, newLane));
      }
      edit.put(topic.withPartitions(partitions));
    }
    MetadataImage image = edit.image();
    return new MetadataImage(
        image.clusterId,
        incarnation,
        -1,
        image.nextProducerId,
        image.unregisteredEpochMax,
        image.features,
        image.brokers,
        image.lanes,
        image.topics,
        image.topicIds,
        image.configs,
        image.deletedTopics,
        image.preferredLeaders);
  }

  private static Partition reborn(
      Partition partition, PartitionId id, Map<LaneId, SealedLane> sealed, LaneId newLane) {
    int leaderEpochMax = partition.leaderEpoch();
    for (SealedLane lane : sealed.values()) {
      SealedLane.End end = lane.partitions().get(id);
      if (end != null) {
        leaderEpochMax = Math.max(leaderEpochMax, end.leaderEpochMax());
      }
    }
    Placement last = partition.current();
    SealedLane lane = sealed.get(last.lane());
    if (lane == null) {
      throw new CorruptMetadataException(id + " lies in " + last.lane() + ", which is not known");
    }
    long start = Math.max(last.startOffset(), partition.logStartOffset());
    SealedLane.End end = lane.partitions().get(id);
    if (end != null && end.endOffset() < start && !partition.cameFromAnotherLane()) {
      throw new CorruptMetadataException(
          id + ": " + last.lane() + " ends at " + end.endOffset() + ", expected at least " + start);
    }
    return partition.withPlacement(
        new Placement(
            leaderEpochMax + 1,
            newLane,
            0,
            end == null ? start : Math.max(start, end.endOffset())));
  }
}
