package io.sediment.compactor;

import io.sediment.lsm.manifest.L0Ref;
import java.util.Collections;
import java.util.List;

/**
 * A proposal to merge some objects of level 0 into one run.
 *
 * @param sources neighbours in the order of the log, so that merging moves no record past another
 */
public record CompactionPlan(List<L0Ref> sources) {
  public CompactionPlan {
    sources = List.copyOf(sources);
    if (sources.isEmpty()) {
      throw new IllegalArgumentException("compaction plan without sources");
    }
  }

  /** Whether the sources stand side by side in {@code shape}. */
  public boolean fits(LsmShape shape) {
    return Collections.indexOfSubList(shape.l0(), sources) >= 0;
  }
}
