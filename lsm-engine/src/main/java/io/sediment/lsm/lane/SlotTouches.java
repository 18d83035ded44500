package io.sediment.lsm.lane;

import io.sediment.lsm.WalSlot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Which partitions have batches in one slot of the write-ahead log, and up to which offset each is
 * durable once that slot is: one entry per partition and slot, however many batches. Filled under
 * the lane's lock, complete as soon as the log has closed the slot.
 */
final class SlotTouches {
  private final WalSlot slot;
  private final List<PartitionState> partitions = new ArrayList<>();
  private long[] endOffsets = new long[8];

  SlotTouches(WalSlot slot) {
    this.slot = slot;
  }

  WalSlot slot() {
    return slot;
  }

  void touch(PartitionState partition, long endOffset) {
    if (partition.touchedIn != this) {
      partition.touchedIn = this;
      partition.touchedAt = partitions.size();
      partitions.add(partition);
      if (partitions.size() > endOffsets.length) {
        endOffsets = Arrays.copyOf(endOffsets, endOffsets.length * 2);
      }
    }
    endOffsets[partition.touchedAt] = endOffset;
  }

  /** Tells every partition, in the order they were first touched. */
  void acknowledge() {
    for (int i = 0; i < partitions.size(); i++) {
      PartitionState partition = partitions.get(i);
      long durableOffset = endOffsets[i];
      partition.durableOffset = durableOffset;
      OpenPartition open = partition.open;
      if (open != null) {
        open.onDurable(durableOffset);
      }
    }
  }
}
