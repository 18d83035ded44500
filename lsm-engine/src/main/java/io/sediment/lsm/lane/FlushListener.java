package io.sediment.lsm.lane;

import io.sediment.lsm.object.SortedObject;
import java.time.Duration;

/** What a lane's owner may want to count; called on the scheduler, must not block or throw. */
public interface FlushListener {
  /** For whoever does not count. */
  FlushListener NONE = (object, took) -> {};

  /**
   * A memtable became an L0 of the lane.
   *
   * @param took from the cut to the commit
   */
  void onFlushed(SortedObject object, Duration took);

  /** Whether the process's log tells of flushes, too; not of those of a lane that nobody has. */
  default boolean isLogged() {
    return true;
  }
}
