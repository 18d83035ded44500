package io.sediment.metadata;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A topic that is gone but whose bytes may still lie in {@code lanes}. It is dropped when each of
 * them has reported that it holds nothing of it.
 */
public record DeletedTopic(UUID id, String name, int partitionCount, Collection<LaneId> lanes) {
  public DeletedTopic {
    SortedSet<LaneId> sorted = new TreeSet<>(lanes);
    lanes = Collections.unmodifiableSortedSet(sorted);
  }
}
