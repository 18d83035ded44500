package io.sediment.compactor.keys;

import java.util.List;
import java.util.Optional;

/**
 * Decides whether a partition is to be cleaned and how far, as Kafka's cleaner does; but where
 * Kafka thinks in segments and leaves the newest alone, here a stretch is as small as the index has
 * them, and only what is still in memory is left out. Pure.
 */
public final class CleaningPolicy {
  private CleaningPolicy() {}

  /**
   * The pass that is due; empty where none is.
   *
   * @param stretches of the partition in order, from its log start on, clean ones first
   * @param lastStableOffset from here on, transactions are not decided or records not durable
   */
  public static Optional<CleaningPlan> plan(
      List<Stretch> stretches, CleaningSettings settings, long lastStableOffset, long nowMs) {
    if (!settings.compacts()) {
      return Optional.empty();
    }
    long cleanBytes = 0;
    long dirtyBytes = 0;
    long firstDirty = -1;
    long ceiling = -1;
    boolean overdue = false;
    for (Stretch stretch : stretches) {
      if (firstDirty < 0 && stretch.clean()) {
        cleanBytes += stretch.bytes();
        continue;
      }
      if (stretch.from() >= lastStableOffset
          || isTooYoung(stretch.maxTimestampMs(), settings, nowMs)) {
        break;
      }
      firstDirty = firstDirty < 0 ? stretch.from() : firstDirty;
      ceiling = Math.min(stretch.to(), lastStableOffset);
      dirtyBytes += stretch.bytes();
      overdue |= nowMs - settings.lagMsMax() > stretch.firstTimestampMs();
    }
    if (ceiling <= firstDirty) {
      return Optional.empty();
    }
    boolean worthIt = dirtyBytes > settings.dirtyRatioMin() * (cleanBytes + dirtyBytes);
    return worthIt || overdue
        ? Optional.of(new CleaningPlan(firstDirty, ceiling))
        : Optional.empty();
  }

  static boolean isTooYoung(long maxTimestampMs, CleaningSettings settings, long nowMs) {
    return settings.lagMsMin() > 0 && maxTimestampMs > nowMs - settings.lagMsMin();
  }
}
