package io.sediment.frontend.handler;

import io.sediment.metadata.PartitionId;
import java.util.HashSet;
import java.util.Set;

/**
 * Partitions that somebody has waited for in vain under the newest metadata that anybody waited
 * under. Where metadata is slow nobody waits for them again before there is news: everything else
 * that comes on the connection would wait, too. Thread-safe.
 */
final class VainWaits {
  private final Set<PartitionId> partitions = new HashSet<>(); // guarded by this
  private long imageVersion = Long.MIN_VALUE; // guarded by this

  /** What was noted under older metadata is forgotten. */
  synchronized void note(PartitionId partition, long version) {
    if (version > imageVersion) {
      imageVersion = version;
      partitions.clear();
    }
    if (version == imageVersion) {
      partitions.add(partition);
    }
  }

  synchronized boolean isNoted(PartitionId partition, long version) {
    return version == imageVersion && partitions.contains(partition);
  }
}
