package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.memtable.SlabFiller;
import io.sediment.lsm.memtable.SlabPool;
import io.sediment.lsm.memtable.TailCache;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Scheduler;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** A lane that keeps everything in memory and never flushes: for tests of what stands above it. */
public final class InMemoryLane {
  private InMemoryLane() {}

  /** Acknowledges by itself, on {@code scheduler}. */
  public static Lane open(Scheduler scheduler, MemoryBudget budget) {
    return open(FakeWriteAheadLogs.acknowledgingOn(scheduler), budget);
  }

  /** Acknowledges as {@code logs} say. */
  public static Lane open(FakeWriteAheadLogs logs, MemoryBudget budget) {
    LaneId id = new LaneId(0);
    SlabPool pool = new SlabPool(budget, 64 << 10, 4);
    SlabFiller filler = new SlabFiller(pool, new TailCache(pool));
    LaneWriter writer = new LaneWriter(filler, Long.MAX_VALUE, new NeverFlush(), new ConcurrentHashMap<>());
    writer.start(logs.open(id, 1, writer));
    return new Lane(id, 1, writer, new NothingStored());
  }

  private static final class NeverFlush implements LaneWriter.FlushTrigger {
    @Override
    public void onFirstBatch(long memtable) {}

    @Override
    public void onFull() {}

    @Override
    public void onMemoryPressure() {}

    @Override
    public void onAcked(WalSlot slot) {}

    @Override
    public void onHalted(LaneHaltedException cause) {}
  }

  private static final class NothingStored implements StoredReads {
    @Override
    public CompletableFuture<BatchSlices> read(
        PartitionState partition, long offset, int maxBytes, boolean atLeastOne, long bound) {
      return CompletableFuture.failedFuture(
          new IllegalStateException("nothing is stored: offset=" + offset));
    }

    @Override
    public CompletableFuture<OptionalLong> batchForTimestamp(
        PartitionState partition, long timestamp, long fromOffset, long bound) {
      return CompletableFuture.completedFuture(
          partition.tails().findTimestamp(timestamp, fromOffset, bound));
    }

    @Override
    public CompletableFuture<List<ProducerEntry>> producers(PartitionState partition) {
      return CompletableFuture.completedFuture(
          new PartitionProducers(List.of(), 0).appended(partition.tails()));
    }

    @Override
    public long sizeBytes(PartitionState partition) {
      return partition.sizeBytes();
    }
  }
}
