package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The front door of one open lane: partitions are opened here, and what concerns all of them
 * together is asked for here. Thread-safe, never blocking.
 */
public final class Lane {
  private final LaneId id;
  private final long epoch;
  private final LaneWriter writer;
  private final StoredReads stored;

  Lane(LaneId id, long epoch, LaneWriter writer, StoredReads stored) {
    this.id = id;
    this.epoch = epoch;
    this.writer = writer;
    this.stored = stored;
  }

  public LaneId id() {
    return id;
  }

  public long epoch() {
    return epoch;
  }

  /** End offset of every partition that the lane holds anything of. */
  public Map<PartitionId, Long> endOffsets() {
    return writer.endOffsets();
  }

  /**
   * Begins to append to a partition under a leader epoch.
   *
   * @param startOffset where a partition that is new to this lane begins; the end offset of one
   *     that is not
   * @throws IllegalStateException if it is open already, or {@code startOffset} is not where it
   *     ends
   * @throws LaneHaltedException if the lane has stopped
   */
  public LanePartition openPartition(
      PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener) {
    return writer.open(partition, leaderEpoch, startOffset, listener, stored);
  }

  /**
   * Stops appends to the partition at once (they throw {@link LaneHaltedException}).
   *
   * @return its end offset, once everything below is durable; until then its listener is told. At
   *     once where the partition is not open
   */
  public CompletableFuture<Long> closePartition(PartitionId partition) {
    OpenPartition open = writer.close(partition);
    return open == null
        ? CompletableFuture.completedFuture(writer.endOffsets().getOrDefault(partition, -1L))
        : open.drained.copy();
  }

  /**
   * Gives up the epoch at once, as when the broker's lease has ended: nothing more is acknowledged.
   */
  public void halt(LaneHaltedException cause) {
    writer.halt(cause);
  }
}
