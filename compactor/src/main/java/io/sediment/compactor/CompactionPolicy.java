package io.sediment.compactor;

import io.sediment.lsm.manifest.L0Ref;
import java.util.List;
import java.util.Set;

/** Decides what to merge. Pure: the same shape gives the same plans. */
public interface CompactionPolicy {
  /**
   * Plans that neither overlap each other nor {@code busy}; empty when all is well.
   *
   * @param busy objects that plans in progress are merging
   */
  List<CompactionPlan> plan(LsmShape shape, Set<L0Ref> busy);
}
