package io.sediment.lsm.gc;

import io.sediment.lsm.object.LaneKeys;
import java.time.Duration;

/**
 * How fast garbage is looked for.
 *
 * @param foldersPerPass of the lane's {@value #FOLDERS} folders, how many one pass lists; the next
 *     pass goes on with the next ones
 * @param deletesAtOnce objects per delete request
 * @param pause between two requests
 */
public record GarbageOptions(int foldersPerPass, int deletesAtOnce, Duration pause) {
  /** Those of data objects, the log's, and that of manifests. */
  public static final int FOLDERS = LaneKeys.DATA_FOLDERS + 2;

  /**
   * For priced stores: what was let go is deleted by its name, and only what a crash has left waits
   * for its folder to be listed, within 129 passes.
   */
  public static final GarbageOptions DEFAULT = new GarbageOptions(2, 1_000, Duration.ofMillis(20));

  /** Where listing costs no money. */
  public static final GarbageOptions LOCAL = new GarbageOptions(32, 100, Duration.ofMillis(2));

  public GarbageOptions {
    if (foldersPerPass < 1 || foldersPerPass > FOLDERS || deletesAtOnce < 1 || pause.isNegative()) {
      throw new IllegalArgumentException(
          "garbage options: foldersPerPass="
              + foldersPerPass
              + " deletesAtOnce="
              + deletesAtOnce
              + " pause="
              + pause);
    }
  }
}
