package io.sediment.compactor;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import java.util.List;

/**
 * What a policy may look at.
 *
 * @param l0 in the order of the log, oldest first
 */
public record LsmShape(LaneId lane, List<L0Ref> l0) {
  public LsmShape {
    l0 = List.copyOf(l0);
  }

  public static LsmShape of(Manifest manifest) {
    return new LsmShape(manifest.lane(), manifest.l0());
  }
}
