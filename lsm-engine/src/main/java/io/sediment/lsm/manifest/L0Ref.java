package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ObjectKey;

/**
 * An object of level 0 as the manifest has it: a flushed memtable, or a WAL object adopted when its
 * epoch was sealed.
 *
 * @param kind L0 or WAL
 * @param number counter of an L0, seq of a WAL object
 * @param length of the whole object in bytes
 * @param dataBytes of all blocks
 * @param maxTimestamp of all records, {@link Long#MIN_VALUE} without any
 */
public record L0Ref(
    SortedObjectKind kind,
    long epoch,
    long number,
    long length,
    int footerCrc,
    int partitionCount,
    long dataBytes,
    long maxTimestamp) {
  public L0Ref {
    if ((kind != SortedObjectKind.L0 && kind != SortedObjectKind.WAL)
        || epoch < 1
        || number < 1
        || length < 1
        || partitionCount < 0
        || dataBytes < 0) {
      throw new IllegalArgumentException(
          "l0 ref: kind="
              + kind
              + " epoch="
              + epoch
              + " number="
              + number
              + " length="
              + length
              + " partitionCount="
              + partitionCount
              + " dataBytes="
              + dataBytes);
    }
  }

  public static L0Ref of(SortedObject object) {
    long dataBytes = 0;
    long maxTimestamp = Long.MIN_VALUE;
    for (Section section : object.sections()) {
      dataBytes += section.length();
      maxTimestamp = Math.max(maxTimestamp, section.maxTimestamp());
    }
    return new L0Ref(
        object.identity().kind(),
        object.identity().epoch(),
        object.identity().number(),
        object.length(),
        object.footerCrc(),
        object.sections().size(),
        dataBytes,
        maxTimestamp);
  }

  public boolean isAdoptedWal() {
    return kind == SortedObjectKind.WAL;
  }

  /** Where an adopted WAL object lies in the log. */
  public WalSlot slot() {
    if (!isAdoptedWal()) {
      throw new IllegalStateException("no wal slot: " + this);
    }
    return new WalSlot(epoch, number);
  }

  public ObjectKey key(LaneId lane) {
    LaneKeys keys = new LaneKeys(lane);
    return isAdoptedWal() ? keys.wal(slot()) : keys.data(epoch, number, DataKind.L0);
  }

  /** Whether this is the same object, whatever is recorded of it. */
  public boolean names(L0Ref other) {
    return kind == other.kind && epoch == other.epoch && number == other.number;
  }
}
