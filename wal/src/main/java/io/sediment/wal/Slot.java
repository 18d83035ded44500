package io.sediment.wal;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.EncodedObject;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObjectOptions;
import io.sediment.lsm.object.SortedObjectWriter;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One slot on its way from open to acknowledged. Filled under the writer's lock; once closed its
 * batches never change, so that building the object needs no lock.
 */
final class Slot {
  /** A batch as it arrived. Sorting by partition is stable, which keeps offsets in order. */
  private record Entry(PartitionId partition, ByteBuffer batch, @Nullable ProducerEntry producer)
      implements Comparable<Entry> {
    @Override
    public int compareTo(Entry other) {
      return partition.compareTo(other.partition);
    }
  }

  /**
   * Small batches are gathered where they lie, too: stores that need the bytes in one piece copy
   * them anyway, and copying twice cost half of the processor time at 1 KB a batch (WalBench).
   */
  private static final SortedObjectOptions OPTIONS = new SortedObjectOptions(512 << 10, 512);

  private final WalSlot id;
  private final long openedNanos;
  private long ackedSeq; // set when it is started, before the object is built
  private final List<Entry> entries = new ArrayList<>();
  private final List<Slab> slabs = new ArrayList<>(4); // each retained once
  private long bytes;

  // Guarded by the writer's lock.
  private boolean urgent;
  private @Nullable SlotPut put; // null until the object is built
  private boolean confirmed;
  private long startedNanos;
  private long confirmedNanos;

  Slot(WalSlot id, long openedNanos) {
    this.id = id;
    this.openedNanos = openedNanos;
  }

  WalSlot id() {
    return id;
  }

  /** It does not wait for spacing. */
  void hurry() {
    urgent = true;
  }

  boolean isUrgent() {
    return urgent;
  }

  /** Bytes of all batches. */
  long bytes() {
    return bytes;
  }

  int batches() {
    return entries.size();
  }

  void add(PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer) {
    retainOnce(slab);
    entries.add(new Entry(partition, batch, producer));
    bytes += batch.remaining();
  }

  private void retainOnce(Slab slab) {
    // The newest is nearly always the one: slabs are filled one after the other.
    for (int i = slabs.size() - 1; i >= 0; i--) {
      if (slabs.get(i) == slab) {
        return;
      }
    }
    slab.retain();
    slabs.add(slab);
  }

  /** Makes the object; any thread, after the slot was closed. */
  EncodedObject build(ObjectIdentity identity) {
    entries.sort(null);
    SortedObjectWriter writer = new SortedObjectWriter(identity, OPTIONS);
    writer.ackedSeq(ackedSeq);
    List<ProducerEntry> changes = new ArrayList<>();
    PartitionId section = null;
    for (Entry entry : entries) {
      if (!entry.partition.equals(section)) {
        writer.producers(folded(changes));
        changes.clear();
        section = entry.partition;
        writer.beginSection(section);
      }
      writer.add(entry.batch);
      if (entry.producer != null) {
        changes.add(entry.producer);
      }
    }
    writer.producers(folded(changes));
    return writer.finish();
  }

  /** What the batches of one section did to each producer, by ascending id. */
  private static List<ProducerEntry> folded(List<ProducerEntry> changes) {
    if (changes.size() < 2) {
      return changes;
    }
    changes.sort(Comparator.comparingLong(ProducerEntry::producerId)); // stable: in offset order
    List<ProducerEntry> folded = new ArrayList<>();
    int from = 0;
    for (int to = 1; to <= changes.size(); to++) {
      if (to == changes.size() || changes.get(to).producerId() != changes.get(from).producerId()) {
        folded.add(ProducerEntry.inOrder(changes.subList(from, to)));
        from = to;
      }
    }
    return folded;
  }

  /** Nobody reads the batches through this slot any more. Called once. */
  void releaseSlabs() {
    entries.clear();
    slabs.forEach(Slab::release);
    slabs.clear();
  }

  @Nullable SlotPut put() {
    return put;
  }

  void setPut(SlotPut put) {
    this.put = put;
  }

  /** When its first batch was appended. */
  long openedNanos() {
    return openedNanos;
  }

  /**
   * @param ackedSeq slots up to here are known to be in the store
   */
  void started(long nowNanos, long ackedSeq) {
    startedNanos = nowNanos;
    this.ackedSeq = ackedSeq;
  }

  boolean isConfirmed() {
    return confirmed;
  }

  void confirmed(long nowNanos) {
    confirmed = true;
    confirmedNanos = nowNanos;
  }

  void report(WalMetrics metrics, long ackedNanos) {
    metrics.acked(
        startedNanos - openedNanos, confirmedNanos - startedNanos, ackedNanos - confirmedNanos);
  }
}
