package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.object.ProducerChanges;
import io.sediment.lsm.object.SortedObjectKind;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where each partition of a lane ends, as of one flush: what opening the lane would otherwise have
 * to gather from the footers of all its objects. Immutable.
 *
 * @param epoch of the writer that wrote the table
 * @param number of the object, see {@link TableRef}
 * @param rows by partition
 */
public record PartitionTable(
    LaneId lane, long epoch, long number, SortedMap<PartitionId, Row> rows) {
  /**
   * One partition, up to {@code replayAfter} of the manifest that names the table.
   *
   * @param nextOffset offset after the last flushed record
   * @param lastLeaderEpoch of the last flushed batch
   * @param maxTimestamp of all records flushed so far
   * @param bytes of the partition in all levels of the lane
   * @param producers the newest object with a snapshot of the partition's producers; null where the
   *     partition never had any
   * @param isInherited whether that snapshot, with what was changed since, is all that is known of
   *     producers, so that lanes in which the partition lay before have nothing to add
   * @param sinceSnapshot what WAL objects adopted after that snapshot say of its producers, all
   *     together: a lane just sealed has thousands of them, and producers wait for whoever takes
   *     its partitions over
   */
  public record Row(
      long nextOffset,
      int lastLeaderEpoch,
      long maxTimestamp,
      long bytes,
      @Nullable SnapshotRef producers,
      boolean isInherited,
      ProducerChanges sinceSnapshot) {
    public Row {
      if (isInherited && producers == null) {
        throw new IllegalArgumentException("partition table row: inherited, and no snapshot");
      }
      if (nextOffset < 0 || bytes < 0) {
        throw new IllegalArgumentException(
            "partition table row: nextOffset=" + nextOffset + " bytes=" + bytes);
      }
    }

    /** The same row with another view of what producers did. */
    public Row with(ProducerChanges sinceSnapshot) {
      return sinceSnapshot.equals(this.sinceSnapshot)
          ? this
          : new Row(
              nextOffset,
              lastLeaderEpoch,
              maxTimestamp,
              bytes,
              producers,
              isInherited,
              sinceSnapshot);
    }

    /** The same row with fewer bytes. */
    public Row minus(long goneBytes) {
      return new Row(
          nextOffset,
          lastLeaderEpoch,
          maxTimestamp,
          Math.max(0, bytes - goneBytes),
          producers,
          isInherited,
          sinceSnapshot);
    }

    /** The same row, whose snapshot is all that is known. */
    public Row inherited() {
      return new Row(
          nextOffset, lastLeaderEpoch, maxTimestamp, bytes, producers, true, sinceSnapshot);
    }
  }

  /**
   * An object of the lane whose section of the partition holds a producer snapshot as of the
   * section's end; see {@link io.sediment.lsm.object.Section#producers}.
   */
  public record SnapshotRef(SortedObjectKind kind, long epoch, long number) {
    public SnapshotRef {
      if (kind == SortedObjectKind.FENCE || epoch < 0 || number < 0) {
        throw new IllegalArgumentException(
            "snapshot ref: kind=" + kind + " epoch=" + epoch + " number=" + number);
      }
    }
  }

  public PartitionTable {
    rows = Collections.unmodifiableSortedMap(new TreeMap<>(rows));
  }

  public Optional<Row> row(PartitionId partition) {
    return Optional.ofNullable(rows.get(partition));
  }

  /**
   * The same rows without what producers did before {@code appendMs}: those are forgotten, unless
   * they have a transaction to end.
   */
  public PartitionTable withoutProducersBefore(long appendMs) {
    SortedMap<PartitionId, Row> kept = new TreeMap<>(rows);
    kept.replaceAll((partition, row) -> row.with(row.sinceSnapshot().expireBefore(appendMs)));
    return new PartitionTable(lane, epoch, number, kept);
  }

  /** The same rows without those of deleted topics. */
  public PartitionTable without(Collection<UUID> topics) {
    SortedMap<PartitionId, Row> kept = new TreeMap<>(rows);
    for (Iterator<PartitionId> it = kept.keySet().iterator(); it.hasNext(); ) {
      if (topics.contains(it.next().topicId())) {
        it.remove();
      }
    }
    return new PartitionTable(lane, epoch, number, kept);
  }
}
