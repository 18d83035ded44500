package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTable.SnapshotRef;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ProducerChanges;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Carries a partition table over further objects, in log order: after each of them every partition
 * ends where its last section does. Refuses what does not go on exactly where the partition ended
 * (invariant I8). Not thread-safe.
 */
final class TableFold {
  private final LaneId lane;
  private final SortedMap<PartitionId, Row> rows;
  private final Map<PartitionId, List<ProducerEntry>> changes = new HashMap<>(); // not in rows yet

  /** Begins without any partition. */
  TableFold(LaneId lane) {
    this.lane = lane;
    this.rows = new TreeMap<>();
  }

  TableFold(PartitionTable base) {
    this.lane = base.lane();
    this.rows = new TreeMap<>(base.rows());
  }

  /**
   * Adds what {@code object} holds.
   *
   * @throws CorruptObjectException if a partition has an overlap between the rows so far and the
   *     object, or a gap that no leadership elsewhere explains
   */
  TableFold add(SortedObject object) {
    return add(object, Set.of());
  }

  /**
   * Likewise.
   *
   * @param inherited partitions whose snapshots in {@code object} have what older lanes know
   */
  TableFold add(SortedObject object, Set<PartitionId> inherited) {
    for (Section section : object.sections()) {
      Row before = rows.get(section.partition());
      if (before != null) {
        checkContinuous(object, section, before);
      }
      boolean isInherited = inherited.contains(section.partition());
      rows.put(section.partition(), after(before, object.identity(), section, isInherited));
    }
    return this;
  }

  private Row after(
      @Nullable Row before, ObjectIdentity identity, Section section, boolean nowInherited) {
    SnapshotRef producers = before == null ? null : before.producers();
    // Behind a gap lies what the partition's producers did elsewhere.
    boolean isInherited =
        before != null && before.isInherited() && section.baseOffset() == before.nextOffset();
    ProducerChanges sinceSnapshot = before == null ? ProducerChanges.NONE : before.sinceSnapshot();
    boolean tellsChanges = identity.kind() == SortedObjectKind.WAL;
    if (tellsChanges && !section.producers().isEmpty()) {
      changes
          .computeIfAbsent(section.partition(), id -> new ArrayList<>())
          .addAll(section.producers());
    } else if (!section.producers().isEmpty()) {
      producers = new SnapshotRef(identity.kind(), identity.epoch(), identity.number());
      sinceSnapshot = ProducerChanges.NONE;
      isInherited = nowInherited;
      changes.remove(section.partition());
    }
    return new Row(
        section.nextOffset(),
        section.lastLeaderEpoch(),
        before == null
            ? section.maxTimestamp()
            : Math.max(before.maxTimestamp(), section.maxTimestamp()),
        (before == null ? 0 : before.bytes()) + section.length(),
        producers,
        isInherited,
        sinceSnapshot);
  }

  /** A partition that was led in another lane in between comes back under a newer leader epoch. */
  private static void checkContinuous(SortedObject object, Section section, Row before) {
    int leaderEpoch = section.blocks().get(0).leaderEpoch();
    boolean goesOn =
        section.baseOffset() == before.nextOffset() && leaderEpoch >= before.lastLeaderEpoch();
    boolean comesBack =
        section.baseOffset() > before.nextOffset() && leaderEpoch > before.lastLeaderEpoch();
    if (!goesOn && !comesBack) {
      throw new CorruptObjectException(
          (section.baseOffset() < before.nextOffset() ? "offsets twice" : "offsets are missing")
              + ": key="
              + object.key()
              + " partition="
              + section.partition()
              + " expectedOffset="
              + before.nextOffset()
              + " baseOffset="
              + section.baseOffset()
              + " leaderEpoch="
              + leaderEpoch
              + " previousLeaderEpoch="
              + before.lastLeaderEpoch()
              + " "
              + object.identity());
    }
  }

  /** The rows so far as a table to be stored. */
  PartitionTable table(long epoch, long number) {
    changes.forEach(
        (partition, later) ->
            rows.computeIfPresent(
                partition, (id, row) -> row.with(row.sinceSnapshot().then(later))));
    changes.clear();
    return new PartitionTable(lane, epoch, number, rows);
  }
}
