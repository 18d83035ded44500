package io.sediment.frontend.handler;

import io.sediment.metadata.PartitionId;
import java.util.HashSet;
import java.util.Set;

/**
 * Partitions that somebody has waited for in vain, and all the time under the same metadata, the
 * newest that anybody waited under. Where metadata is slow nobody waits for them again before there
 * is news: everything else that comes on the connection would wait, too.
 *
 * <p>A request does not say whether its client was sent here by the last leader or comes with older
 * metadata. So one of the latter may note a partition whose move has not been submitted yet, and
 * those who are sent here after it, before there is news, try again instead of waiting.
 *
 * <p>Thread-safe.
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
