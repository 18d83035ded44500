package io.sediment.compactor;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.RunRef;
import java.util.List;

/**
 * What a policy may look at.
 *
 * @param runs of level 1, oldest first
 * @param l0 in the order of the log, oldest first
 * @param isSealed nothing is ever added to level 0 any more
 */
public record LsmShape(LaneId lane, List<Run> runs, List<L0Ref> l0, boolean isSealed) {
  /**
   * A run.
   *
   * @param liveBytes of its blocks, those that are at or above a log start
   * @param lastingBytes of these, those that do not go by themselves before long
   */
  public record Run(RunRef ref, long liveBytes, long lastingBytes) {}

  public LsmShape {
    runs = List.copyOf(runs);
    l0 = List.copyOf(l0);
  }
}
