package io.sediment.lsm.scan;

import java.util.concurrent.atomic.LongAdder;

/** What reading has cost since the lane was opened; for metrics. Thread-safe. */
public final class ScanCounters {
  final LongAdder indexHits = new LongAdder();
  final LongAdder indexLoads = new LongAdder();
  final LongAdder blockHits = new LongAdder();
  final LongAdder blockLoads = new LongAdder();
  final LongAdder gets = new LongAdder();
  final LongAdder getBytes = new LongAdder();
  final LongAdder fileRegions = new LongAdder();
  final LongAdder corruptReads = new LongAdder();
  private final LongAdder damagedReads = new LongAdder();
  final LongAdder readaheadEvictedUnread = new LongAdder();

  /** Indexes found in memory. */
  public long indexHits() {
    return indexHits.sum();
  }

  /** Indexes read from the store. */
  public long indexLoads() {
    return indexLoads.sum();
  }

  /** Chunks of blocks found in memory, or already on their way. */
  public long blockHits() {
    return blockHits.sum();
  }

  /** Chunks of blocks read from the store. */
  public long blockLoads() {
    return blockLoads.sum();
  }

  /** Of {@link #gets} those that were regions of local files, which the store does not count. */
  public long fileRegions() {
    return fileRegions.sum();
  }

  /** Ranged GETs for data, regions of local files among them. */
  public long gets() {
    return gets.sum();
  }

  public long getBytes() {
    return getBytes.sum();
  }

  /** Reads that came back damaged, healed by a second one or not. */
  public long corruptReads() {
    return corruptReads.sum();
  }

  /** A read failed because what is stored is damaged or missing. */
  public void damagedRead() {
    damagedReads.increment();
  }

  /** How often that was. */
  public long damagedReads() {
    return damagedReads.sum();
  }

  /** Chunks that were read ahead and evicted before anybody wanted them. */
  public long readaheadEvictedUnread() {
    return readaheadEvictedUnread.sum();
  }
}
