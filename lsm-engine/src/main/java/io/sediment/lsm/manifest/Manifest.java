package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.codec.ExtensionFields;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything a lane consists of, at one moment. Immutable; the manifest with the highest id counts.
 *
 * <p>Garbage collection needs no clock: a data object is numbered {@code (role epoch, counter)},
 * and everything below {@code (term.epoch, writerLowMark)} that no retained manifest names will
 * never be named again.
 *
 * @param id counts from 1; 0 stands for a lane that has no manifest yet
 * @param commitId who created this id
 * @param term the writer's: fields of the writer role change under it alone
 * @param replayAfter the last WAL slot whose batches are all in {@code l0}; the log goes on in the
 *     slots after it, epoch by epoch
 * @param l0 in the order of the log, oldest first
 * @param table the newest partition table; null before the first flush
 * @param writerLowMark no data object of {@code term.epoch} with a lower number is still being
 *     written
 * @param level1 runs, and everything else that is the compactor's to change
 * @param fields what newer versions have added and this one does not know but may skip; carried on
 *     unchanged
 */
public record Manifest(
    LaneId lane,
    long id,
    CommitId commitId,
    WriterTerm term,
    WalSlot replayAfter,
    List<L0Ref> l0,
    @Nullable TableRef table,
    long writerLowMark,
    Level1 level1,
    ExtensionFields fields) {
  public Manifest {
    l0 = List.copyOf(l0);
    if (id < 0 || writerLowMark < 0) {
      throw new IllegalArgumentException("manifest: id=" + id + " writerLowMark=" + writerLowMark);
    }
  }

  /** A lane that has no manifest yet. Never stored. */
  public static Manifest none(LaneId lane) {
    return new Manifest(
        lane,
        0,
        CommitId.NONE,
        WriterTerm.NONE,
        WalSlot.NONE,
        List.of(),
        null,
        0,
        Level1.NONE,
        ExtensionFields.NONE);
  }

  Manifest withCommit(long newId, CommitId newCommitId) {
    return new Manifest(
        lane, newId, newCommitId, term, replayAfter, l0, table, writerLowMark, level1, fields);
  }

  Manifest withTerm(WriterTerm newTerm) {
    return new Manifest(lane, id, commitId, newTerm, replayAfter, l0, table, 0, level1, fields);
  }

  Manifest withLog(
      List<L0Ref> newL0, WalSlot newReplayAfter, @Nullable TableRef newTable, long newLowMark) {
    return new Manifest(
        lane, id, commitId, term, newReplayAfter, newL0, newTable, newLowMark, level1, fields);
  }

  Manifest withLevel1(Level1 newLevel1) {
    return with(l0, newLevel1);
  }

  Manifest with(List<L0Ref> newL0, Level1 newLevel1) {
    return new Manifest(
        lane, id, commitId, term, replayAfter, newL0, table, writerLowMark, newLevel1, fields);
  }

  List<L0Ref> l0Plus(List<L0Ref> more) {
    List<L0Ref> all = new ArrayList<>(l0);
    all.addAll(more);
    return all;
  }

  /** Bytes of all blocks in level 0. */
  public long l0DataBytes() {
    return l0.stream().mapToLong(L0Ref::dataBytes).sum();
  }
}
