package io.sediment.frontend.handler;

import io.sediment.frontend.partition.ReadableLog;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import java.util.List;

/**
 * Where leader epochs of a partition end, out of its list of placements, which is that history.
 * Pure.
 */
final class LeaderEpochs {
  /** No such epoch, or none that old. */
  static final End UNDEFINED = new End(-1, -1);

  /** The largest known epoch at or below the asked one, and the offset after its last record. */
  record End(int epoch, long endOffset) {}

  private LeaderEpochs() {}

  static End endOf(MetadataImage image, ReadableLog log, int asked) {
    Partition partition = image.partition(log.id().topicId(), log.id().partition());
    return partition == null
        ? UNDEFINED
        : endOf(partition.placements(), log.leaderEpoch(), log.highWatermark(), asked);
  }

  /**
   * @param currentEpoch of the log that is open here
   * @param highWatermark end of the current epoch
   */
  static End endOf(List<Placement> placements, int currentEpoch, long highWatermark, int asked) {
    if (asked < 0 || asked > currentEpoch) {
      return UNDEFINED;
    }
    for (int i = placements.size() - 1; i >= 0; i--) {
      Placement placement = placements.get(i);
      if (placement.leaderEpoch() <= asked) {
        long end =
            i + 1 < placements.size()
                ? Math.min(placements.get(i + 1).startOffset(), highWatermark)
                : highWatermark;
        return new End(placement.leaderEpoch(), end);
      }
    }
    // Older than the history: nothing of that epoch is left, or it never had a record.
    return new End(asked, placements.get(0).startOffset());
  }
}
