package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.objectstore.ObjectKey;

/**
 * The partition table as the manifest has it.
 *
 * @param epoch of the writer
 * @param number from the same counter as L0 objects
 * @param length of the object in bytes
 * @param checksum the object's own, at its end
 */
public record TableRef(long epoch, long number, long length, int checksum) {
  public TableRef {
    if (epoch < 1 || number < 1 || length < 1) {
      throw new IllegalArgumentException(
          "table ref: epoch=" + epoch + " number=" + number + " length=" + length);
    }
  }

  public ObjectKey key(LaneId lane) {
    return new LaneKeys(lane).data(epoch, number, DataKind.TABLE);
  }
}
