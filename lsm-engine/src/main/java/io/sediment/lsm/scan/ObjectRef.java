package io.sediment.lsm.scan;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.objectstore.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something with an index that is part of the lane: a sorted object of level 0, or a run.
 *
 * @param key of the object, or of the run's directory
 * @param length of what lies under {@code key} in bytes
 * @param checksum which it must have: of a sorted object's footer, or of a directory
 * @param maxTimestamp of all records, {@link Long#MIN_VALUE} without any; known without the index
 * @param run null for an object of level 0
 */
public record ObjectRef(
    LaneId lane,
    ObjectKey key,
    long length,
    int checksum,
    long maxTimestamp,
    @Nullable RunRef run) {

  public static ObjectRef of(LaneId lane, L0Ref ref) {
    return new ObjectRef(
        lane, ref.key(lane), ref.length(), ref.footerCrc(), ref.maxTimestamp(), null);
  }

  public static ObjectRef of(LaneId lane, RunRef run) {
    return new ObjectRef(
        lane, run.key(lane), run.length(), run.checksum(), run.maxTimestamp(), run);
  }

  /** Everything a manifest names, in log order: of one partition, offsets only grow. */
  public static List<ObjectRef> all(Manifest manifest) {
    List<ObjectRef> all = new ArrayList<>(manifest.level1().runs().size() + manifest.l0().size());
    manifest.level1().runs().forEach(run -> all.add(of(manifest.lane(), run)));
    manifest.l0().forEach(ref -> all.add(of(manifest.lane(), ref)));
    return all;
  }
}
