package io.sediment.cluster.tools;

import io.sediment.lsm.LaneId;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive placements of a partition on one lane: it holds the offsets from {@code from} to
 * before {@code to}, which is {@link Long#MAX_VALUE} for the last one.
 */
record Stay(LaneId lane, long from, long to) {
  /** All that {@code partition} is known to have had, in order. */
  static List<Stay> of(Partition partition) {
    List<Stay> stays = new ArrayList<>();
    List<Placement> placements = partition.placements();
    for (int i = 0; i < placements.size(); i++) {
      LaneId lane = new LaneId(placements.get(i).lane().value());
      long to = i + 1 < placements.size() ? placements.get(i + 1).startOffset() : Long.MAX_VALUE;
      Stay last = stays.isEmpty() ? null : stays.get(stays.size() - 1);
      if (last != null && last.lane().equals(lane)) {
        stays.set(stays.size() - 1, new Stay(lane, last.from(), to));
      } else {
        stays.add(new Stay(lane, placements.get(i).startOffset(), to));
      }
    }
    return stays;
  }

  boolean isLast() {
    return to == Long.MAX_VALUE;
  }
}
