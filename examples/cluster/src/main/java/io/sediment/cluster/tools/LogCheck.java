package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Coverage.Piece;
import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The write-ahead log of a lane: that what no manifest names goes on where the manifest ends (I10),
 * slot by slot and by one writer (I1), and that each closed epoch has one fence (I3) with nothing
 * behind it that counts (I2).
 */
final class LogCheck {
  private final BucketView bucket;
  private final Manifest manifest;
  private final Coverage coverage;
  private final Consumer<Finding> findings;
  private final LaneKeys keys;
  private final SortedMap<Long, WalSlot> tailEnds = new TreeMap<>();
  private final SortedMap<Long, WalSlot> fences = new TreeMap<>();
  private final SortedMap<WalSlot, ObjectKey> behindAnEnd = new TreeMap<>();

  /**
   * What was found.
   *
   * @param ends by epoch, where the log ends that no manifest names
   * @param coverage of what comes before
   */
  record Tail(Map<Long, WalSlot> ends, Coverage coverage) {}

  LogCheck(BucketView bucket, Manifest manifest, Consumer<Finding> findings) {
    this.bucket = bucket;
    this.manifest = manifest;
    this.coverage = Coverage.ofLog(findings);
    this.findings = findings;
    this.keys = new LaneKeys(manifest.lane());
  }

  /** Looks at all of it. */
  Tail look() {
    try {
      new WalTail(bucket).walk(manifest, new TailVisitor());
    } catch (CorruptObjectException e) {
      // The object is named when its bytes are verified; here it is where the log ends for now.
      findings.accept(
          Finding.damage(
              Check.I1,
              "lane " + manifest.lane(),
              "the log cannot be followed: " + e.getMessage()));
    }
    bucket.list(keys.walPrefix(), this::look);
    behindAnEnd.forEach(this::lookBehind);
    for (long epoch = 1; epoch < manifest.replayAfter().epoch(); epoch++) {
      if (!fences.containsKey(epoch)) {
        findings.accept(
            Finding.damage(
                Check.I3,
                "lane " + manifest.lane() + " epoch " + epoch,
                "the fence is missing: a writer that slept could go on"));
      }
    }
    for (L0Ref ref : manifest.l0()) {
      WalSlot fence = ref.isAdoptedWal() ? fences.get(ref.epoch()) : null;
      if (fence != null && ref.slot().compareTo(fence) > 0) {
        findings.accept(
            Finding.damage(Check.I2, ref.key(manifest.lane()), "lies behind the fence " + fence));
      }
    }
    return new Tail(tailEnds, coverage);
  }

  private void look(ListedObject object) {
    ObjectNames.ObjectName name = ObjectNames.parse(object.key()).orElse(null);
    if (!(name instanceof WalName wal)) {
      return; // listed as a foreign object
    }
    WalSlot slot = wal.slot();
    if (object.length() == SortedObject.FENCE_LENGTH) {
      lookAtFence(object.key(), slot);
      return;
    }
    WalSlot end = endOf(slot.epoch());
    if (end != null && slot.compareTo(end) > 0) {
      behindAnEnd.put(slot, object.key());
    }
    if (slot.epoch() > manifest.term().epoch()) {
      findings.accept(
          Finding.damage(
              Check.I5, object.key(), "of an epoch that nobody has claimed in the manifest"));
    }
  }

  /**
   * Whoever wrote behind the end of the log may have known that the slot there was acknowledged.
   */
  private void lookBehind(WalSlot slot, ObjectKey key) {
    WalSlot end = endOf(slot.epoch());
    if (end == null || slot.compareTo(end) < 0) {
      return; // a fence that did not count came before the one that does
    }
    boolean isFenced = fences.containsKey(slot.epoch());
    try {
      bucket
          .object(key)
          .filter(object -> object.ackedSeq() >= end.seq())
          .filter(witness -> isFenced || !bucket.exists(keys.wal(end))) // it may have come since
          .ifPresent(
              witness ->
                  findings.accept(
                      Finding.damage(
                          Check.I1,
                          keys.wal(end),
                          "was acknowledged and is missing, as " + key + " says")));
    } catch (CorruptObjectException e) {
      return; // nobody reads it; where it counts it is named when its bytes are verified
    }
  }

  /** The fence, or where the log was seen to end; null where nothing is known. */
  private @Nullable WalSlot endOf(long epoch) {
    WalSlot fence = fences.get(epoch);
    return fence == null ? tailEnds.get(epoch) : fence;
  }

  /**
   * Of an epoch that is flushed the last fence counts. A sealer that slept until its successor's
   * log was collected finds nothing at slots that are long flushed, and fences them; nobody follows
   * the log there any more, and it learns from the manifest that it came too late.
   */
  private void lookAtFence(ObjectKey key, WalSlot slot) {
    WalSlot first = fences.put(slot.epoch(), slot);
    if (first != null && slot.epoch() >= manifest.replayAfter().epoch()) {
      findings.accept(
          Finding.damage(Check.I3, key, "a second fence: the first one is at " + first));
    }
    if (slot.epoch() >= manifest.term().epoch()) {
      findings.accept(Finding.damage(Check.I3, key, "a fence in an epoch that is not closed"));
    }
  }

  private final class TailVisitor implements WalTail.Visitor {
    private @Nullable ObjectIdentity first; // of the epoch

    @Override
    public void object(SortedObject object) {
      ObjectIdentity identity = object.identity();
      ObjectIdentity before = first;
      if (before == null || before.epoch() != identity.epoch()) {
        first = identity;
      } else if (!before.writerId().equals(identity.writerId())
          || before.incarnation() != identity.incarnation()) {
        findings.accept(
            Finding.damage(
                Check.I1, object.key(), "by another writer: " + identity + " after " + before));
      }
      if (identity.kind() != SortedObjectKind.WAL) {
        findings.accept(Finding.damage(Check.I1, object.key(), "no object of a log: " + identity));
      }
      checkIsGapless(object, findings);
      for (Section section : object.sections()) {
        coverage.add(object.key(), pieceOf(section));
      }
    }

    @Override
    public void epochEnds(WalSlot end, boolean isFenced) {
      tailEnds.put(end.epoch(), end);
    }
  }

  static Piece pieceOf(Section section) {
    return new Piece(
        section.partition(),
        section.baseOffset(),
        section.nextOffset(),
        section.blocks().get(0).leaderEpoch(),
        section.lastLeaderEpoch());
  }

  /** What was not compacted has no gaps. */
  static void checkIsGapless(SortedObject object, Consumer<Finding> findings) {
    for (Section section : object.sections()) {
      long expected = section.baseOffset();
      for (Block block : section.blocks()) {
        if (block.baseOffset() != expected) {
          findings.accept(
              Finding.damage(
                  Check.I8,
                  object.key(),
                  "offsets are missing inside a section: partition="
                      + section.partition()
                      + " expectedOffset="
                      + expected
                      + " fromOffset="
                      + block.baseOffset()));
        }
        expected = block.lastOffset() + 1;
      }
    }
  }
}
