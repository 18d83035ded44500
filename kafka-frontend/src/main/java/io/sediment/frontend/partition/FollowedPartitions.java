package io.sediment.frontend.partition;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Partitions that other brokers lead, as far as this one serves consumers of its rack. */
@FunctionalInterface
public interface FollowedPartitions {
  /** For a broker that serves what it leads and nothing else. */
  FollowedPartitions NONE = (topicId, partition, leaderEpoch, rack) -> null;

  /**
   * A log to be read here, about which nothing may be known yet; asking begins to follow it.
   *
   * @param leaderEpoch that the client believes in
   * @param rack of the client
   * @return null where the client must go to the leader
   */
  @Nullable ReadableLog find(UUID topicId, int partition, int leaderEpoch, String rack);
}
