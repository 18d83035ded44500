package io.sediment.wal.simulation;

import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.StoreRequest;

/**
 * Where a run is asked to have a process die: at the first time that one comes to some moment of
 * some step.
 */
public final class CrashPoint {
  private final LaneStep step;
  private final StoreRequest.Phase moment;
  private boolean struck;

  private CrashPoint(LaneStep step, StoreRequest.Phase moment) {
    this.step = step;
    this.moment = moment;
  }

  /** Dies there. */
  public static CrashPoint at(LaneStep step, StoreRequest.Phase moment) {
    return new CrashPoint(step, moment);
  }

  /** One after the other, as seeds are counted up. */
  public static CrashPoint of(long seed) {
    LaneStep[] steps = LaneStep.values();
    int moments = LaneStep.MOMENTS.length;
    return at(
        steps[(int) (seed / moments % steps.length)], LaneStep.MOMENTS[(int) (seed % moments)]);
  }

  public LaneStep step() {
    return step;
  }

  /** Whether some process has died there. */
  public boolean hasStruck() {
    return struck;
  }

  void on(SimObjectStore bucket, StoreRequest.Phase phase, StoreRequest request) {
    if (!struck
        && phase == moment
        && request.process().isUp()
        && LaneStep.of(bucket, request).filter(step::equals).isPresent()) {
      struck = true;
      request.process().trace("dies at " + step + " " + moment);
      request.process().crash();
    }
  }
}
