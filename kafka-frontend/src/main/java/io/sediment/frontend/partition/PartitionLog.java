package io.sediment.frontend.partition;

import io.sediment.frontend.partition.ProducerStateRules.Decision;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.lane.LaneBusyException;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.scan.OldestBlocks;
import io.sediment.runtime.Failures;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArraySet;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition that this broker leads, under one leader epoch: Kafka's rules over a lane's
 * partition.
 *
 * <p>Appends go in under the log's lock, which is held for the producer check and the copy into the
 * lane's memory and never while anybody waits. What the lane reports as durable raises the high
 * watermark and completes the waiting produces in offset order. Once closed (the topic is gone, the
 * lane halted, leadership moved) nothing is appended and every wait has ended; another leadership
 * of the same partition is another object.
 */
public final class PartitionLog implements PartitionListener, ReadableLog {
  private static final Logger log = LoggerFactory.getLogger(PartitionLog.class);

  private record Waiter(long nextOffset, int sizeInBytes, CompletableFuture<Void> durable) {}

  /** Instead of a broker. */
  static final int NOBODY = -1;

  private static final CompletableFuture<Void> DURABLE = CompletableFuture.completedFuture(null);

  private final PartitionId id;
  private final String topic;
  private final int leaderEpoch;
  private final long laneStartOffset;
  private final InstantSource clock;

  private final Object lock = new Object();
  private final ArrayDeque<Waiter> waiters = new ArrayDeque<>(); // guarded by lock
  private final ProducerStateRules producers = new ProducerStateRules(); // guarded by lock
  private @Nullable CompletableFuture<Void> producersLoaded; // guarded by lock

  /** Told in the order in which they came: a run of a simulation is the same each time. */
  private final Set<DurabilityWatcher> watchers = new CopyOnWriteArraySet<>();

  private volatile @Nullable LanePartition lane;
  private volatile TopicSettings settings;
  private volatile long highWatermark;
  private volatile long logStartOffset;
  private volatile long supersededBelow;
  private volatile int handoffs; // written under lock
  private volatile int nextLeader = NOBODY;
  private volatile boolean stranded;
  private volatile long appendedBytes; // written under lock
  private volatile boolean closed;

  /**
   * @param startOffset of its placement
   * @param laneStartOffset from here on its lane holds the log without a break
   */
  PartitionLog(
      PartitionId id,
      String topic,
      int leaderEpoch,
      long startOffset,
      long laneStartOffset,
      long logStartOffset,
      TopicSettings settings,
      InstantSource clock) {
    this.id = id;
    this.topic = topic;
    this.leaderEpoch = leaderEpoch;
    this.laneStartOffset = laneStartOffset;
    this.highWatermark = startOffset;
    this.logStartOffset = logStartOffset;
    this.settings = settings;
    this.clock = clock;
  }

  // The life of the log, driven by the registry and the lane.

  void opened(LanePartition opened) {
    synchronized (lock) {
      highWatermark = Math.max(highWatermark, opened.durableOffset());
      lane = opened;
    }
    tellChanged();
  }

  /** Whether all there is lies in other lanes: it has come here from another leader, just now. */
  boolean isNewToLane() {
    LanePartition open = lane;
    return open != null && laneStartOffset > 0 && open.endOffset() == laneStartOffset;
  }

  void reconfigure(TopicSettings next, long nextLogStart) {
    settings = next;
    if (nextLogStart > logStartOffset) {
      logStartOffset = nextLogStart;
      tellChanged();
    }
  }

  /**
   * Appends nothing more under this leadership, for good: whatever becomes of what the caller does
   * with the answer, the partition goes on under a later leader epoch. Only who has done nothing
   * with it may {@link #keep} the log instead. Reads go on meanwhile.
   *
   * @return where it ends, once everything below is durable. Fails where the log is not open, or
   *     closes before
   */
  CompletableFuture<Long> handOver() {
    synchronized (lock) {
      LanePartition open = lane;
      if (closed || open == null) {
        return CompletableFuture.failedFuture(
            new NotLeaderOrFollowerException(this + " is not open"));
      }
      handoffs++;
      long endOffset = open.endOffset();
      Waiter newest = waiters.peekLast();
      CompletableFuture<Void> durable = newest == null ? DURABLE : newest.durable;
      return durable.thenApply(done -> endOffset);
    }
  }

  /**
   * Ends a {@link #handOver} of which nobody was told: appends again, unless there is another one.
   */
  void keep() {
    synchronized (lock) {
      handoffs--;
    }
  }

  /**
   * That it ends has been submitted, so the partition goes on under the next leader epoch whatever
   * comes: this broker, which knows that it may, is where clients can go already.
   */
  void goesTo(int broker) {
    nextLeader = broker;
  }

  /** See {@link #goesTo}; {@link #NOBODY} before, and where it is {@link #isStranded stranded}. */
  int nextLeader() {
    return stranded ? NOBODY : nextLeader;
  }

  /**
   * It was {@link #handOver handed over}, and no leadership can follow where it ends: it neither
   * appends nor goes anywhere for as long as this broker leads it.
   */
  void strand() {
    stranded = true;
  }

  boolean isStranded() {
    return stranded;
  }

  /**
   * Whether another leadership is about to follow, here or elsewhere. Nothing is appended any more;
   * who waits until the log has closed can be told where to go, unless it is {@link #isStranded
   * stranded}.
   */
  public boolean isHandedOver() {
    return handoffs > 0 && !closed;
  }

  /**
   * Whether another leadership may have begun already, wherever: this broker may hear of it late.
   */
  public boolean mayHaveSuccessor() {
    return handoffs > 0 || !isOpen();
  }

  /** Ends every wait. Idempotent. */
  void close(String why) {
    List<Waiter> ended;
    synchronized (lock) {
      closed = true;
      ended = List.copyOf(waiters);
      waiters.clear();
    }
    NotLeaderOrFollowerException cause = new NotLeaderOrFollowerException(why);
    for (Waiter waiter : ended) {
      waiter.durable.completeExceptionally(cause);
    }
    tellChanged();
  }

  @Override
  public void onDurable(long durableOffset) {
    List<Waiter> done = new ArrayList<>();
    long bytes = 0;
    synchronized (lock) {
      if (durableOffset <= highWatermark) {
        return;
      }
      highWatermark = durableOffset;
      for (Waiter first = waiters.peek();
          first != null && first.nextOffset <= durableOffset;
          first = waiters.peek()) {
        done.add(waiters.remove());
        bytes += first.sizeInBytes;
      }
    }
    for (Waiter waiter : done) {
      waiter.durable.complete(null);
    }
    for (DurabilityWatcher watcher : watchers) {
      watcher.onReadable(this, bytes);
    }
  }

  @Override
  public void onHalted(LaneHaltedException cause) {
    close("the lane of " + this + " stopped: " + cause.getMessage());
  }

  private void tellChanged() {
    for (DurabilityWatcher watcher : watchers) {
      watcher.onChanged(this);
    }
  }

  // Appending.

  /**
   * Completes when producer state is in memory, so that {@link #append} can judge batches of
   * idempotent producers; fails when the store cannot be read, and a later call tries again.
   */
  public CompletableFuture<Void> producersLoaded() {
    LanePartition open = lane;
    if (open == null) {
      return DURABLE; // append will refuse
    }
    CompletableFuture<Void> mine;
    boolean isFirstAttempt;
    synchronized (lock) {
      if (producersLoaded != null && !producersLoaded.isCompletedExceptionally()) {
        return producersLoaded;
      }
      isFirstAttempt = producersLoaded == null;
      mine = new CompletableFuture<>();
      producersLoaded = mine;
    }
    DURABLE // so that a lane that throws is a lane that failed
        .thenCompose(now -> open.producers())
        .thenAccept(this::takeOver)
        .whenComplete(
            (done, failure) -> {
              if (failure != null) {
                if (isFirstAttempt) {
                  log.warn(
                      "{}: states of producers cannot be read, idempotent ones are refused: {}",
                      this,
                      Failures.causeOf(failure).toString());
                }
                mine.completeExceptionally(failure);
              } else {
                mine.complete(null);
              }
            });
    return mine;
  }

  private void takeOver(List<ProducerEntry> entries) {
    synchronized (lock) {
      producers.load(entries);
    }
  }

  /**
   * Appends one validated batch. Its producer, if it has one, is judged here; call it after {@link
   * #producersLoaded} then.
   *
   * @param batch is copied before this returns
   */
  public AppendResult append(ByteBuffer batch) {
    int at = batch.position();
    long producerId = RecordBatchLayout.producerId(batch, at);
    synchronized (lock) {
      LanePartition open = lane;
      if (closed || handoffs > 0 || open == null) {
        return notLeader(!closed && handoffs > 0 && !stranded);
      }
      if (producerId >= 0) {
        Decision decision =
            producers.decide(
                producerId,
                RecordBatchLayout.producerEpoch(batch, at),
                RecordBatchLayout.baseSequence(batch, at),
                RecordBatchLayout.lastSequence(batch, at));
        if (decision instanceof Decision.Refused refused) {
          return new AppendResult.Refused(refused.error(), refused.message());
        }
        if (decision instanceof Decision.Duplicate duplicate) {
          return new AppendResult.Appended(
              duplicate.baseOffset(), durabilityOf(duplicate.lastOffset() + 1));
        }
      }
      long baseOffset;
      try {
        baseOffset = open.append(batch);
      } catch (LaneBusyException e) {
        return AppendResult.Busy.BUSY;
      } catch (LaneHaltedException e) {
        return notLeader(false);
      }
      long lastOffset = baseOffset + RecordBatchLayout.lastOffsetDelta(batch, at);
      if (producerId >= 0) {
        noteProducer(batch, at, producerId, baseOffset, lastOffset);
      }
      Waiter waiter = new Waiter(lastOffset + 1, batch.remaining(), new CompletableFuture<>());
      waiters.add(waiter);
      appendedBytes += batch.remaining();
      return new AppendResult.Appended(baseOffset, waiter.durable);
    }
  }

  private void noteProducer(
      ByteBuffer batch, int at, long producerId, long baseOffset, long lastOffset) {
    producers.appended(
        producerId,
        RecordBatchLayout.producerEpoch(batch, at),
        new ProducerEntry.Batch(
            RecordBatchLayout.baseSequence(batch, at),
            RecordBatchLayout.lastSequence(batch, at),
            baseOffset,
            lastOffset,
            RecordBatchLayout.maxTimestamp(batch, at)),
        clock.millis());
  }

  /** When everything below {@code nextOffset}, the end of an appended batch, is durable. */
  private CompletableFuture<Void> durabilityOf(long nextOffset) {
    if (nextOffset <= highWatermark) {
      return DURABLE;
    }
    // Newest first: what is repeated was sent a moment ago.
    for (Iterator<Waiter> all = waiters.descendingIterator(); all.hasNext(); ) {
      Waiter waiter = all.next();
      if (waiter.nextOffset == nextOffset) {
        return waiter.durable;
      }
    }
    throw new IllegalStateException(
        "a known batch is neither durable nor awaited: "
            + this
            + " nextOffset="
            + nextOffset
            + " highWatermark="
            + highWatermark);
  }

  private AppendResult.Refused notLeader(boolean isHandover) {
    return new AppendResult.Refused(
        Errors.NOT_LEADER_OR_FOLLOWER, "this broker does not append to " + this, isHandover);
  }

  // Reading.

  @Override
  public long highWatermark() {
    return highWatermark;
  }

  /** Below it no transaction is open. Without transactions it is the high watermark. */
  public long lastStableOffset() {
    return highWatermark;
  }

  @Override
  public long logStartOffset() {
    return Math.min(logStartOffset, highWatermark);
  }

  /** Below it the log lies in the lanes of its older placements. */
  public long laneStartOffset() {
    return laneStartOffset;
  }

  /**
   * Whatever counted below {@code offset} stands again at or above it, durably: the log start may
   * be raised to it.
   */
  public void supersedeBelow(long offset) {
    supersededBelow = offset;
  }

  /** See {@link #supersedeBelow}; 0 at first. */
  public long supersededBelow() {
    return supersededBelow;
  }

  /** Offset the next record gets; at or above the high watermark. */
  public long endOffset() {
    LanePartition open = lane;
    return open == null ? highWatermark : open.endOffset();
  }

  /** Whether it can be read and appended to. */
  @Override
  public boolean isOpen() {
    return !closed && lane != null;
  }

  boolean isOpening() {
    return !closed && lane == null;
  }

  @Override
  public CompletableFuture<BatchSlices> read(long offset, int maxBytes, boolean atLeastOne) {
    return requireLane().read(offset, maxBytes, atLeastOne, highWatermark);
  }

  /** See {@link LanePartition#batchForTimestamp}. */
  public CompletableFuture<OptionalLong> batchForTimestamp(long timestamp, long fromOffset) {
    return requireLane().batchForTimestamp(timestamp, fromOffset);
  }

  /** See {@link LanePartition#olderThan}. */
  public CompletableFuture<OldestBlocks> olderThan(long fromOffset, long timestamp) {
    return requireLane().olderThan(fromOffset, timestamp);
  }

  /** See {@link LanePartition#oldest}. */
  public CompletableFuture<OldestBlocks> oldest(long fromOffset, long bytesMax) {
    return requireLane().oldest(fromOffset, bytesMax);
  }

  /** See {@link LanePartition#bytesFrom}. */
  public CompletableFuture<Long> bytesFrom(long fromOffset) {
    return requireLane().bytesFrom(fromOffset);
  }

  private LanePartition requireLane() {
    LanePartition open = lane;
    if (open == null) {
      throw new NotLeaderOrFollowerException(this + " is opening");
    }
    return open;
  }

  /** State of every producer, appended, not necessarily durable. */
  public List<ProducerEntry> producerEntries() {
    synchronized (lock) {
      return producers.entries();
    }
  }

  /** Bytes appended since the log was opened; grows. */
  long appendedBytes() {
    return appendedBytes;
  }

  /** See {@link LanePartition#sizeBytes}. */
  public long sizeBytes() {
    LanePartition open = lane;
    return open == null ? 0 : open.sizeBytes();
  }

  @Override
  public void watch(DurabilityWatcher watcher) {
    watchers.add(watcher);
  }

  @Override
  public void unwatch(DurabilityWatcher watcher) {
    watchers.remove(watcher);
  }

  @Override
  public PartitionId id() {
    return id;
  }

  public String topic() {
    return topic;
  }

  @Override
  public int leaderEpoch() {
    return leaderEpoch;
  }

  public TopicSettings settings() {
    return settings;
  }

  @Override
  public String toString() {
    return topic + "-" + id.partition() + " (leader epoch " + leaderEpoch + ")";
  }
}
