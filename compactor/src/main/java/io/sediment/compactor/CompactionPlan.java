package io.sediment.compactor;

import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import java.util.List;

/**
 * A proposal to make new runs out of older ones and of the oldest objects of level 0.
 *
 * @param reason for the log and for tests
 * @param runs in the order they stand in
 * @param l0 the oldest of level 0, in the order of the log
 */
public record CompactionPlan(Reason reason, List<RunRef> runs, List<L0Ref> l0) {
  /** Why. */
  public enum Reason {
    /** Level 0 has grown: cluster its oldest objects by partition. */
    CLUSTER,
    /** Many small runs side by side. */
    JOIN,
    /** Less than half of what a run keeps in the store is alive. */
    EVACUATE,
    /** Records of compacted topics have been superseded. */
    CLEAN,
    /** What an earlier compactor has begun. */
    RESUME
  }

  public CompactionPlan {
    runs = List.copyOf(runs);
    l0 = List.copyOf(l0);
    if (runs.isEmpty() && l0.isEmpty()) {
      throw new IllegalArgumentException("compaction plan without sources");
    }
  }

  /** Whether the sources are there, and those of level 0 are its oldest. */
  public boolean fits(Manifest manifest) {
    return manifest.level1().runs().containsAll(runs)
        && l0.size() <= manifest.l0().size()
        && manifest.l0().subList(0, l0.size()).equals(l0);
  }

  /** Bytes of all blocks of the sources. */
  public long dataBytes() {
    return runs.stream().mapToLong(RunRef::dataBytes).sum()
        + l0.stream().mapToLong(L0Ref::dataBytes).sum();
  }
}
