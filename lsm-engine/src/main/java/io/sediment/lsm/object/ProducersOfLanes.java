package io.sediment.lsm.object;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The producers of a partition that lies in several lanes: of each what the newest lane to hear of
 * it says, with the batches that the others remember.
 *
 * <p>By offset, not by the order of the lanes: one that a partition left and came back to holds
 * older and newer batches than the lanes in between. Each lane remembers at least a producer's last
 * few batches there, so the last few of all are among them. Not thread-safe.
 */
public final class ProducersOfLanes {
  private static final long NO_BATCH = -1;

  private final Map<Long, ProducerEntry> byId = new HashMap<>();

  /** Takes in what one more lane knows; lanes in the order in which the partition lay in them. */
  public ProducersOfLanes add(Collection<ProducerEntry> ofLane) {
    ofLane.forEach(entry -> byId.merge(entry.producerId(), entry, ProducersOfLanes::merged));
    return this;
  }

  /** An entry without batches is newer than all before it: a marker has ended its epoch. */
  private static ProducerEntry merged(ProducerEntry known, ProducerEntry entry) {
    boolean entryIsNewer = entry.batches().isEmpty() || lastOffset(entry) >= lastOffset(known);
    ProducerEntry newer = entryIsNewer ? entry : known;
    ProducerEntry older = entryIsNewer ? known : entry;
    TreeMap<Long, ProducerEntry.Batch> batches = new TreeMap<>();
    if (older.producerEpoch() == newer.producerEpoch()) {
      older.batches().forEach(batch -> batches.put(batch.baseOffset(), batch));
    }
    newer.batches().forEach(batch -> batches.put(batch.baseOffset(), batch));
    List<ProducerEntry.Batch> all = new ArrayList<>(batches.values());
    return new ProducerEntry(
        newer.producerId(),
        newer.producerEpoch(),
        Math.max(known.coordinatorEpoch(), entry.coordinatorEpoch()),
        newer.txnFirstOffset(),
        Math.max(known.lastAppendMs(), entry.lastAppendMs()),
        all.subList(Math.max(0, all.size() - ProducerEntry.BATCHES_KEPT), all.size()));
  }

  private static long lastOffset(ProducerEntry entry) {
    List<ProducerEntry.Batch> batches = entry.batches();
    return batches.isEmpty() ? NO_BATCH : batches.get(batches.size() - 1).lastOffset();
  }

  /** By ascending producer id. */
  public List<ProducerEntry> entries() {
    List<ProducerEntry> entries = new ArrayList<>(byId.values());
    entries.sort(Comparator.comparingLong(ProducerEntry::producerId));
    return entries;
  }
}
