package io.sediment.frontend.partition;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.BatchSlices;
import java.util.concurrent.CompletableFuture;

/** A partition as consumers read it, whether this broker leads it or reads what another appends. */
public interface ReadableLog {
  PartitionId id();

  int leaderEpoch();

  /** Below it is what consumers may read here; never falls. */
  long highWatermark();

  /** Below it nothing is left; at or below the high watermark. */
  long logStartOffset();

  /** Whether more may become readable under this leader epoch. */
  boolean isOpen();

  /**
   * Reads whole batches below the high watermark, like {@link
   * io.sediment.lsm.lane.LanePartition#read}.
   *
   * @param offset at or above the log start and below the high watermark
   */
  CompletableFuture<BatchSlices> read(long offset, int maxBytes, boolean atLeastOne);

  /** Tells {@code watcher} of everything from now on. */
  void watch(DurabilityWatcher watcher);

  void unwatch(DurabilityWatcher watcher);
}
