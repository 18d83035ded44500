package io.sediment.lsm.object;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What batches did to the producers of one partition, to be applied to the state before them.
 * Immutable.
 *
 * @param isKnown false where only the objects that hold the batches can tell
 * @param entries by producer id, those of one producer in log order; one for each time that its
 *     epoch changed
 */
public record ProducerChanges(boolean isKnown, List<ProducerEntry> entries) {
  public static final ProducerChanges UNKNOWN = new ProducerChanges(false, List.of());
  public static final ProducerChanges NONE = new ProducerChanges(true, List.of());

  public ProducerChanges {
    entries = List.copyOf(entries);
    if (!isKnown && !entries.isEmpty()) {
      throw new IllegalArgumentException("unknown producer changes: entries=" + entries.size());
    }
  }

  public boolean isEmpty() {
    return entries.isEmpty();
  }

  /** These changes followed by others, in log order. */
  public ProducerChanges then(List<ProducerEntry> later) {
    if (!isKnown || later.isEmpty()) {
      return this;
    }
    Map<Long, List<ProducerEntry>> byId = new TreeMap<>();
    entries.forEach(entry -> add(byId, entry));
    later.forEach(entry -> add(byId, entry));
    List<ProducerEntry> joined = new ArrayList<>();
    byId.values().forEach(ofOne -> joinEpochs(ofOne, joined));
    return new ProducerChanges(true, joined);
  }

  /**
   * These changes without producers last heard of before {@code appendMs}. One with transactions
   * stays: a marker ends what an older state may say is open.
   */
  public ProducerChanges expireBefore(long appendMs) {
    Set<Long> staying = new HashSet<>();
    for (ProducerEntry entry : entries) {
      if (entry.lastAppendMs() >= appendMs || entry.isTransactional()) {
        staying.add(entry.producerId());
      }
    }
    List<ProducerEntry> kept =
        entries.stream().filter(entry -> staying.contains(entry.producerId())).toList();
    return kept.size() == entries.size() ? this : new ProducerChanges(isKnown, kept);
  }

  private static void add(Map<Long, List<ProducerEntry>> byId, ProducerEntry entry) {
    byId.computeIfAbsent(entry.producerId(), id -> new ArrayList<>(2)).add(entry);
  }

  /** Across epochs they stay apart: an entry tells only whether the epoch changed before it. */
  private static void joinEpochs(List<ProducerEntry> ofOne, List<ProducerEntry> joined) {
    int from = 0;
    for (int i = 1; i <= ofOne.size(); i++) {
      if (i == ofOne.size() || ofOne.get(i).producerEpoch() != ofOne.get(from).producerEpoch()) {
        joined.add(ProducerEntry.inOrder(ofOne.subList(from, i)));
        from = i;
      }
    }
  }
}
