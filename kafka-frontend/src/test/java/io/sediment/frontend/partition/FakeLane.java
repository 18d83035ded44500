package io.sediment.frontend.partition;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.LaneBusyException;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.scan.OldestBlocks;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;

/**
 * A lane that keeps batches on the heap. What is appended becomes durable at once (on an executor,
 * as in the real one), or when the test says so. Counts the slices that are out, so that a test can
 * tell that all came back.
 */
public final class FakeLane implements PartitionLane {
  private volatile long lane;
  private volatile long epoch;
  private final Executor ackThread;
  private final Map<PartitionId, FakePartition> partitions = new ConcurrentHashMap<>();
  private final Map<PartitionId, FakePartition> closed = new ConcurrentHashMap<>();
  private final AtomicLong refused = new AtomicLong();
  private final AtomicLong slicesOut = new AtomicLong();
  private final AtomicInteger readsToFail = new AtomicInteger();
  private volatile boolean manual;
  private volatile boolean busy;
  private volatile boolean halted;
  private volatile boolean haltTold;
  private final AtomicInteger appendsLeft = new AtomicInteger(Integer.MAX_VALUE);
  private volatile boolean lastIsDurable;
  private volatile Executor coldReads = Runnable::run;
  private volatile CompletableFuture<?> openable = CompletableFuture.completedFuture(null);
  private volatile boolean unreadableProducers;
  private volatile boolean throwingProducers;
  private final AtomicInteger producersAsked = new AtomicInteger();

  public FakeLane(long lane, long epoch, Executor ackThread) {
    this.lane = lane;
    this.epoch = epoch;
    this.ackThread = ackThread;
  }

  /**
   * Opened again, under the next epoch: partitions get new leader epochs, and hold what was
   * durable.
   */
  public void reopen(long nextEpoch) {
    epoch = nextEpoch;
    appendsLeft.set(Integer.MAX_VALUE);
    halted = false;
    haltTold = false;
  }

  /** Another lane, which reads on in the one before. */
  public void follow(long nextLane, long nextEpoch) {
    lane = nextLane;
    reopen(nextEpoch);
  }

  /**
   * Stops with the {@code count}th append from now on.
   *
   * @param durable whether that one becomes durable
   */
  public void haltAtAppend(int count, boolean durable) {
    lastIsDurable = durable;
    appendsLeft.set(count);
  }

  /** Where each partition that holds something ends; what is not durable does not count. */
  public Map<PartitionId, Long> durableEnds() {
    Map<PartitionId, Long> ends = new HashMap<>();
    closed.forEach((id, partition) -> ends.put(id, partition.durableOffset()));
    partitions.forEach((id, partition) -> ends.put(id, partition.durableOffset()));
    return ends;
  }

  /** From now on nothing becomes durable before {@link #ackAll}. */
  public void holdAcks() {
    manual = true;
  }

  /** Everything appended so far becomes durable; later appends again wait if they did before. */
  public void ackAll() {
    partitions.values().forEach(FakePartition::ack);
  }

  /** The opposite of {@link #holdAcks}: what was held becomes durable, too. */
  public void releaseAcks() {
    manual = false;
    ackAll();
  }

  /**
   * Takes a batch out, as compaction does; its offsets remain a gap.
   *
   * @param fromEnd 0 for the last one
   */
  public void dropBatch(PartitionId id, int fromEnd) {
    FakePartition partition = partitions.get(id);
    synchronized (partition) {
      partition.batches.remove(partition.batches.size() - 1 - fromEnd);
    }
  }

  /** The next {@code count} reads find damaged bytes. */
  public void failReads(int count) {
    readsToFail.set(count);
  }

  public void refuseAppends(boolean refuse) {
    busy = refuse;
  }

  /** How many were refused since this was last asked. */
  public long refusedAppends() {
    return refused.getAndSet(0);
  }

  /** Reads complete on {@code executor}, as they do when the store must be asked. */
  public void readOn(Executor executor) {
    coldReads = executor;
  }

  /** What is opened from now on is not open before {@code first} is done. */
  public void openAfter(CompletableFuture<?> first) {
    openable = first;
  }

  /** How often producer states were asked for. */
  int producersAsked() {
    return producersAsked.get();
  }

  /** Producer states cannot be read, which is found out on the thread that acknowledges. */
  public void loseProducers() {
    unreadableProducers = true;
  }

  /** Asking for producer states fails before there is anything to wait for. */
  public void throwProducers(boolean fail) {
    throwingProducers = fail;
  }

  /** Stops as a fenced lane does. */
  public void halt() {
    halted = true;
    LaneHaltedException cause = new LaneHaltedException("fenced by a test");
    partitions.values().forEach(partition -> partition.listener.onHalted(cause));
    haltTold = true;
  }

  /**
   * Whether it stopped and everybody heard of it. What is opened before that, in the same lane
   * opened again, would be stopped too.
   */
  public boolean isHalted() {
    return haltTold;
  }

  /** Slices that were read and not closed. */
  public long slicesOut() {
    return slicesOut.get();
  }

  public long endOffset(PartitionId id) {
    FakePartition partition = partitions.get(id);
    return partition == null ? 0 : partition.endOffset();
  }

  @Override
  public long lane() {
    return lane;
  }

  @Override
  public long epoch() {
    return epoch;
  }

  @Override
  public CompletableFuture<LanePartition> open(
      PartitionId id, int leaderEpoch, long startOffset, PartitionListener listener) {
    return openable.thenApply(first -> openNow(id, leaderEpoch, startOffset, listener));
  }

  private LanePartition openNow(
      PartitionId id, int leaderEpoch, long startOffset, PartitionListener listener) {
    FakePartition opened = new FakePartition(id, leaderEpoch, startOffset, listener);
    FakePartition before = closed.remove(id);
    if (before != null) {
      opened.takeOver(before);
    }
    partitions.put(id, opened);
    return opened;
  }

  @Override
  public void close(PartitionId partition) {
    FakePartition ended = partitions.remove(partition);
    if (ended != null) {
      closed.put(partition, ended);
    }
  }

  private final class FakePartition implements LanePartition {
    private final PartitionId id;
    private final int leaderEpoch;
    private final PartitionListener listener;
    private final List<ByteBuffer> batches = new ArrayList<>(); // guarded by this
    private final Map<Long, ProducerEntry> producers = new HashMap<>(); // guarded by this
    private long end; // guarded by this
    private long durable; // guarded by this
    private long bytes; // guarded by this

    FakePartition(PartitionId id, int leaderEpoch, long startOffset, PartitionListener listener) {
      this.id = id;
      this.leaderEpoch = leaderEpoch;
      this.end = startOffset;
      this.durable = startOffset;
      this.listener = listener;
    }

    private synchronized void takeOver(FakePartition before) {
      synchronized (before) {
        for (ByteBuffer batch : before.batches) {
          if (RecordBatchLayout.lastOffset(batch, 0) < before.durable) {
            batches.add(batch);
            bytes += batch.remaining();
          }
        }
        producers.putAll(before.producers);
      }
    }

    @Override
    public PartitionId id() {
      return id;
    }

    @Override
    public int leaderEpoch() {
      return leaderEpoch;
    }

    @Override
    public synchronized long endOffset() {
      return end;
    }

    @Override
    public synchronized long durableOffset() {
      return durable;
    }

    @Override
    public synchronized long append(ByteBuffer batch) {
      if (halted || appendsLeft.get() == 0) {
        throw new LaneHaltedException("fenced by a test");
      }
      if (busy) {
        refused.incrementAndGet();
        throw new LaneBusyException("full by a test");
      }
      ByteBuffer copy = ByteBuffer.allocateDirect(batch.remaining());
      copy.put(batch.duplicate()).flip();
      RecordBatchLayout.assign(copy, 0, end, leaderEpoch);
      batches.add(copy);
      long base = end;
      end = RecordBatchLayout.lastOffset(copy, 0) + 1;
      bytes += copy.remaining();
      long producerId = RecordBatchLayout.producerId(copy, 0);
      if (producerId >= 0) {
        ProducerEntry entry =
            new ProducerEntry(
                producerId,
                RecordBatchLayout.producerEpoch(copy, 0),
                ProducerEntry.NO_COORDINATOR_EPOCH,
                ProducerEntry.NO_OPEN_TXN,
                RecordBatchLayout.maxTimestamp(copy, 0),
                List.of(
                    new ProducerEntry.Batch(
                        RecordBatchLayout.baseSequence(copy, 0),
                        RecordBatchLayout.lastSequence(copy, 0),
                        base,
                        end - 1,
                        RecordBatchLayout.maxTimestamp(copy, 0))));
        producers.merge(producerId, entry, ProducerEntry::then);
      }
      boolean isLast =
          appendsLeft.getAndUpdate(left -> left == Integer.MAX_VALUE ? left : left - 1) == 1;
      if (!manual && (!isLast || lastIsDurable)) {
        long upTo = end;
        ackThread.execute(() -> ack(upTo));
      }
      if (isLast) {
        ackThread.execute(FakeLane.this::halt);
      }
      return base;
    }

    void ack() {
      ack(endOffset());
    }

    private void ack(long upTo) {
      synchronized (this) {
        durable = Math.max(durable, upTo);
      }
      listener.onDurable(upTo);
    }

    @Override
    public CompletableFuture<BatchSlices> read(
        long offset, int maxBytes, boolean atLeastOne, long upTo) {
      if (readsToFail.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        return CompletableFuture.failedFuture(new CorruptObjectException("damaged by a test"));
      }
      CompletableFuture<BatchSlices> result = new CompletableFuture<>();
      coldReads.execute(() -> result.complete(slices(offset, maxBytes, atLeastOne, upTo)));
      return result;
    }

    private synchronized BatchSlices slices(
        long offset, int maxBytes, boolean atLeastOne, long upTo) {
      List<ByteBuffer> found = new ArrayList<>();
      int size = 0;
      long next = -1;
      int low = 0;
      int high = batches.size();
      while (low < high) {
        int middle = (low + high) >>> 1;
        if (RecordBatchLayout.lastOffset(batches.get(middle), 0) < offset) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      for (int i = low; i < batches.size(); i++) {
        ByteBuffer batch = batches.get(i);
        boolean fits = size + batch.remaining() <= maxBytes || (found.isEmpty() && atLeastOne);
        if (!fits || RecordBatchLayout.baseOffset(batch, 0) >= Math.min(upTo, durable)) {
          break;
        }
        found.add(batch.asReadOnlyBuffer());
        size += batch.remaining();
        next = RecordBatchLayout.lastOffset(batch, 0) + 1;
      }
      if (found.isEmpty()) {
        long bound = Math.min(upTo, durable);
        return low == batches.size() && offset < bound
            ? BatchSlices.emptyUpTo(bound)
            : BatchSlices.empty();
      }
      slicesOut.incrementAndGet();
      return new BatchSlices(found, next, slicesOut::decrementAndGet);
    }

    @Override
    public synchronized CompletableFuture<OptionalLong> batchForTimestamp(
        long timestamp, long fromOffset) {
      for (ByteBuffer batch : batches) {
        if (RecordBatchLayout.lastOffset(batch, 0) >= fromOffset
            && RecordBatchLayout.baseOffset(batch, 0) < durable
            && RecordBatchLayout.maxTimestamp(batch, 0) >= timestamp) {
          return CompletableFuture.completedFuture(
              OptionalLong.of(Math.max(fromOffset, RecordBatchLayout.baseOffset(batch, 0))));
        }
      }
      return CompletableFuture.completedFuture(OptionalLong.empty());
    }

    @Override
    public synchronized CompletableFuture<Void> inheritProducers(List<ProducerEntry> older) {
      older.forEach(entry -> producers.putIfAbsent(entry.producerId(), entry));
      return CompletableFuture.completedFuture(null);
    }

    @Override
    public synchronized CompletableFuture<List<ProducerEntry>> producers() {
      producersAsked.incrementAndGet();
      if (throwingProducers) {
        throw new IllegalStateException("thrown by a test");
      }
      List<ProducerEntry> entries = List.copyOf(producers.values());
      if (!unreadableProducers) {
        return CompletableFuture.completedFuture(entries);
      }
      CompletableFuture<List<ProducerEntry>> failing = new CompletableFuture<>();
      ackThread.execute(
          () -> failing.completeExceptionally(new CorruptObjectException("lost by a test")));
      return failing;
    }

    /** Every durable batch is a stored block. */
    @Override
    public CompletableFuture<OldestBlocks> olderThan(long fromOffset, long timestamp) {
      return oldest(
          fromOffset,
          (batch, sum) ->
              RecordBatchLayout.maxTimestamp(batch, 0) >= 0
                  && RecordBatchLayout.maxTimestamp(batch, 0) < timestamp);
    }

    @Override
    public CompletableFuture<OldestBlocks> oldest(long fromOffset, long bytesMax) {
      return oldest(fromOffset, (batch, sum) -> sum <= bytesMax);
    }

    private synchronized CompletableFuture<OldestBlocks> oldest(
        long fromOffset, BiPredicate<ByteBuffer, Long> passes) {
      if (readsToFail.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        return CompletableFuture.failedFuture(new CorruptObjectException("damaged by a test"));
      }
      long reached = fromOffset;
      long sum = 0;
      for (ByteBuffer batch : batches) {
        long next = RecordBatchLayout.lastOffset(batch, 0) + 1;
        if (next <= fromOffset || next > durable) {
          continue;
        }
        if (!passes.test(batch, sum + batch.remaining())) {
          return CompletableFuture.completedFuture(new OldestBlocks(reached, sum, false));
        }
        sum += batch.remaining();
        reached = next;
      }
      return CompletableFuture.completedFuture(new OldestBlocks(reached, sum, true));
    }

    @Override
    public synchronized CompletableFuture<Long> bytesFrom(long fromOffset) {
      long sum = 0;
      for (ByteBuffer batch : batches) {
        sum += RecordBatchLayout.lastOffset(batch, 0) >= fromOffset ? batch.remaining() : 0;
      }
      return CompletableFuture.completedFuture(sum);
    }

    @Override
    public synchronized long sizeBytes() {
      return bytes;
    }
  }
}
