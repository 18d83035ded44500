package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ObjectKey;

/**
 * A sorted object that a run's blocks lie in: one that was written for the run, or one of level 0
 * that the run refers to without having rewritten it.
 *
 * @param number counter of an L0 or L1, seq of a WAL object
 * @param length of the whole object in bytes
 */
public record DataRef(SortedObjectKind kind, long epoch, long number, long length, int footerCrc) {
  public DataRef {
    if (kind == SortedObjectKind.FENCE || epoch < 1 || number < 1 || length < 1) {
      throw new IllegalArgumentException(
          "data ref: kind=" + kind + " epoch=" + epoch + " number=" + number + " length=" + length);
    }
  }

  public static DataRef of(L0Ref ref) {
    return new DataRef(ref.kind(), ref.epoch(), ref.number(), ref.length(), ref.footerCrc());
  }

  public ObjectKey key(LaneId lane) {
    LaneKeys keys = new LaneKeys(lane);
    return switch (kind) {
      case WAL, FENCE -> keys.wal(new WalSlot(epoch, number));
      case L0 -> keys.data(epoch, number, DataKind.L0);
      case L1 -> keys.data(epoch, number, DataKind.L1);
    };
  }
}
