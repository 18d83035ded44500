package io.sediment.compactor;

import java.util.Optional;

/** Decides what to make runs of. Pure: the same shape gives the same plan. */
public interface CompactionPolicy {
  /** What to do next; empty when all is well. */
  Optional<CompactionPlan> plan(LsmShape shape);
}
