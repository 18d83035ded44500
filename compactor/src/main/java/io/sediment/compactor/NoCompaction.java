package io.sediment.compactor;

import io.sediment.lsm.manifest.L0Ref;
import java.util.List;
import java.util.Set;

/** Leaves level 0 as it was flushed. */
public final class NoCompaction implements CompactionPolicy {
  @Override
  public List<CompactionPlan> plan(LsmShape shape, Set<L0Ref> busy) {
    return List.of();
  }
}
