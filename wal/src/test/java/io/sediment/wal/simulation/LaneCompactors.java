package io.sediment.wal.simulation;

import io.sediment.lsm.lane.CompactableLane;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.SimScheduler;
import java.util.SplittableRandom;

/**
 * Puts compactors into simulated processes, those of brokers and some of their own. The write-ahead
 * log knows none, so they come from the module that has them.
 */
public interface LaneCompactors {
  LaneCompactors NONE = (store, process, lane, options) -> {};

  /**
   * Compacts a lane from now on, for as long as {@code process} runs.
   *
   * @param options draws sizes, differently for each process
   */
  void start(
      ObjectStore store, SimScheduler process, CompactableLane lane, SplittableRandom options);
}
