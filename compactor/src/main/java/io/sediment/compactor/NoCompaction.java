package io.sediment.compactor;

import java.util.Optional;

/** Leaves everything as it is. */
public final class NoCompaction implements CompactionPolicy {
  @Override
  public Optional<CompactionPlan> plan(LsmShape shape) {
    return Optional.empty();
  }
}
