package io.sediment.compactor;

import java.time.Duration;

/**
 * What partitions of one run have in common, so that a run dies as a whole: how long their records
 * are kept, to a factor of two. The numbers are stored in manifests and directories.
 */
public final class RetentionClass {
  /** Never deleted by time. */
  public static final int FOR_EVER = 0;

  /** Log compaction decides. */
  public static final int COMPACTED = 1;

  private static final int FIRST_BY_TIME = 2;

  private RetentionClass() {}

  /**
   * The class of a partition whose records go after {@code retentionMs}; -1 stands for never. Half
   * an hour and less is one class, then each doubling is the next.
   */
  public static int ofRetentionMs(long retentionMs) {
    if (retentionMs < 0) {
      return FOR_EVER;
    }
    int retentionClass = FIRST_BY_TIME;
    for (long ms = Duration.ofMinutes(30).toMillis(); ms < retentionMs && ms > 0; ms *= 2) {
      retentionClass++;
    }
    return retentionClass;
  }
}
