package io.sediment.metadata;

import java.util.UUID;

/** Names one row of an image: the unit in which it is stored and snapshotted. */
public sealed interface RowKey {
  /** The producer-id counter. */
  record Counters() implements RowKey {}

  record Feature(String name) implements RowKey {}

  record OfBroker(int id) implements RowKey {}

  record OfLane(LaneId id) implements RowKey {}

  /** A topic with its partitions and configs. */
  record OfTopic(UUID id) implements RowKey {}

  record OfDeletedTopic(UUID id) implements RowKey {}

  record OfPreferredLeader(PartitionId id) implements RowKey {}

  record OfConfigs(ConfigResource resource) implements RowKey {}
}
