package io.sediment.lsm.gc;

import io.sediment.lsm.object.LaneKeys;
import java.time.Duration;

/**
 * How fast garbage is looked for.
 *
 * @param dataFoldersPerPass of the lane's {@value LaneKeys#DATA_FOLDERS} data folders, how many one
 *     pass lists; the next pass goes on with the next ones
 * @param deletesAtOnce objects per delete request
 * @param pause between two requests
 */
public record GarbageOptions(int dataFoldersPerPass, int deletesAtOnce, Duration pause) {
  /**
   * For priced stores: a pass is some ten requests, data objects are found within 32 passes, and
   * requests leave the store room.
   */
  public static final GarbageOptions DEFAULT = new GarbageOptions(8, 1_000, Duration.ofMillis(20));

  /** Where listing costs nothing: every pass sees everything. */
  public static final GarbageOptions LOCAL =
      new GarbageOptions(LaneKeys.DATA_FOLDERS, 100, Duration.ofMillis(2));

  public GarbageOptions {
    if (dataFoldersPerPass < 1
        || dataFoldersPerPass > LaneKeys.DATA_FOLDERS
        || deletesAtOnce < 1
        || pause.isNegative()) {
      throw new IllegalArgumentException(
          "garbage options: dataFoldersPerPass="
              + dataFoldersPerPass
              + " deletesAtOnce="
              + deletesAtOnce
              + " pause="
              + pause);
    }
  }
}
