package io.sediment.lsm.lane;

import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Share;
import java.time.Duration;

/**
 * Sizes and times of a lane; {@link #forBudget} has the ones a broker runs with.
 *
 * @param slabSizeBytes of the pieces of direct memory that batches are copied into
 * @param slabsKept free slabs kept for reuse
 * @param flushBytes a memtable of this size is flushed
 * @param flushAge a memtable whose first batch is this old is flushed
 * @param flushesInFlight how many L0 objects are uploaded at once
 * @param retryDelayMin first pause after a failed flush; doubles up to {@code retryDelayMax}
 * @param producerExpiry a producer that wrote nothing for so long is left out of snapshots
 * @param garbage how garbage is looked for
 * @param garbageInterval from a commit to the next look, and from one look to the next
 */
public record LaneConfig(
    int slabSizeBytes,
    int slabsKept,
    long flushBytes,
    Duration flushAge,
    int flushesInFlight,
    Duration retryDelayMin,
    Duration retryDelayMax,
    Duration producerExpiry,
    GarbageOptions garbage,
    Duration garbageInterval) {

  private static final int SLAB_SIZE_BYTES_MAX = 4 << 20;
  private static final int SLAB_SIZE_BYTES_MIN = 64 << 10;

  public LaneConfig {
    if (slabSizeBytes <= 0 || slabsKept < 0 || flushBytes <= 0 || flushesInFlight <= 0) {
      throw new IllegalArgumentException(
          "lane config: slabSizeBytes="
              + slabSizeBytes
              + " slabsKept="
              + slabsKept
              + " flushBytes="
              + flushBytes
              + " flushesInFlight="
              + flushesInFlight);
    }
  }

  /**
   * An L0 per eighth of the memory for unflushed data, so that filling, uploading and waiting
   * memtables fit side by side; slabs of 4 MB, smaller ones where memory is.
   */
  public static LaneConfig forBudget(MemoryBudget budget) {
    long share = budget.largestReservation(Share.WAL);
    long flushBytes = Math.max(share / 8, SLAB_SIZE_BYTES_MIN);
    int slabSizeBytes =
        (int) Math.min(SLAB_SIZE_BYTES_MAX, Math.max(flushBytes / 4, SLAB_SIZE_BYTES_MIN));
    return new LaneConfig(
        slabSizeBytes,
        (int) Math.max(2, flushBytes / slabSizeBytes),
        flushBytes,
        Duration.ofMinutes(1),
        2,
        Duration.ofMillis(100),
        Duration.ofSeconds(10),
        Duration.ofDays(1),
        GarbageOptions.DEFAULT,
        Duration.ofSeconds(30));
  }

  /** The same with another way of collecting garbage. */
  public LaneConfig withGarbage(GarbageOptions options, Duration interval) {
    return new LaneConfig(
        slabSizeBytes,
        slabsKept,
        flushBytes,
        flushAge,
        flushesInFlight,
        retryDelayMin,
        retryDelayMax,
        producerExpiry,
        options,
        interval);
  }
}
