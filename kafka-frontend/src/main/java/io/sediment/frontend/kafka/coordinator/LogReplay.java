package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.partition.AppendResult;
import io.sediment.frontend.partition.DurabilityWatcher;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.ReadableLog;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.runtime.Scheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader.LoadSummary;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One replay of a coordinator's log, from its start to the end it had when the replay began.
 *
 * <p>Where older lanes hold a part of the log, what counts of it is carried over into the lane that
 * is appended to, before anybody else may append: see {@link CarryOver}. If that does not succeed,
 * the load does nevertheless.
 */
final class LogReplay<T> implements DurabilityWatcher {
  /** Hears how it ends. */
  interface Outcome {
    void loaded(PartitionLog log, LoadSummary summary);

    void failed(PartitionLog log, Throwable cause);

    /** It is loaded, and its older part stays until the next load. */
    void notCarriedOver(PartitionLog log, Throwable cause);
  }

  private static final Logger logger = LoggerFactory.getLogger(LogReplay.class);

  /** Kafka's own interval: what is committed needs no memory for going back. */
  private static final long COMMIT_INTERVAL_OFFSETS = 16_384;

  private final PartitionLog log;
  private final CoordinatorPlayback<T> playback;
  private final Deserializer<T> deserializer;
  private final Executor executor;
  private final Scheduler scheduler;
  private final InstantSource clock;
  private final Outcome outcome;
  private final CompletableFuture<LoadSummary> done = new CompletableFuture<>();
  private final long startedMs;
  private final long endOffset;

  /** Of all keys, where something is to be carried over. */
  private @Nullable LastOffsets lastOffsets;

  // Written by one step after the other.
  private long committedOffset;
  private long records;
  private long bytes;

  private boolean reading; // guarded by this
  private boolean givenUp; // guarded by this

  /**
   * @param executor for the work between two reads; does not wait
   */
  LogReplay(
      PartitionLog log,
      CoordinatorPlayback<T> playback,
      Deserializer<T> deserializer,
      Executor executor,
      Scheduler scheduler,
      InstantSource clock,
      Outcome outcome) {
    this.log = log;
    this.playback = playback;
    this.deserializer = deserializer;
    this.executor = executor;
    this.scheduler = scheduler;
    this.clock = clock;
    this.outcome = outcome;
    this.startedMs = clock.millis();
    this.endOffset = log.endOffset();
    this.lastOffsets = log.logStartOffset() < log.laneStartOffset() ? new LastOffsets() : null;
  }

  /**
   * Completes on the executor, with every record below the end replayed; never when given up, or
   * when the log closes, which is a resignation. Where the end is not durable yet, it waits for
   * that: what is not durable may not be served.
   */
  CompletableFuture<LoadSummary> start() {
    log.watch(this);
    if (isGivenUp()) {
      log.unwatch(this);
    } else {
      executor.execute(this::beginOnceDurable);
    }
    return done;
  }

  @Override
  public void onReadable(ReadableLog readable, long more) {
    if (readable.highWatermark() >= endOffset) {
      executor.execute(this::beginOnceDurable);
    }
  }

  @Override
  public void onChanged(ReadableLog changed) {
    if (!changed.isOpen()) {
      giveUp();
    }
  }

  private void beginOnceDurable() {
    if (!log.isOpen()) {
      giveUp();
      return;
    }
    synchronized (this) {
      if (reading || givenUp || log.highWatermark() < endOffset) {
        return;
      }
      reading = true;
    }
    new LogPass(log, endOffset, executor, this::isGivenUp, this::replay)
        .run()
        .whenComplete((all, failure) -> execute(() -> replayed(failure)));
  }

  private void execute(Runnable step) {
    try {
      executor.execute(step);
    } catch (RejectedExecutionException ended) {
      logger.debug("{}: the coordinator has ended, and its loads with it", log);
    }
  }

  private CompletableFuture<Void> replay(BatchSlices part, long fromOffset) throws IOException {
    for (ByteBuffer buffer : part.loaded()) {
      for (MutableRecordBatch batch : MemoryRecords.readableRecords(buffer).batches()) {
        replay(batch, fromOffset);
      }
    }
    bytes += part.sizeInBytes();
    if (part.nextOffset() - committedOffset >= COMMIT_INTERVAL_OFFSETS) {
      commit(part.nextOffset());
    }
    return CompletableFuture.completedFuture(null);
  }

  private void replay(MutableRecordBatch batch, long fromOffset) {
    for (Record record : batch) {
      if (record.offset() < fromOffset) {
        continue;
      }
      records++;
      if (batch.isControlBatch()) {
        replayMarker(batch, record);
        continue;
      }
      if (lastOffsets != null) {
        lastOffsets.put(record.key(), record.offset());
      }
      replayRecord(batch, record);
    }
  }

  private void replayMarker(MutableRecordBatch batch, Record record) {
    ControlRecordType type = ControlRecordType.parse(record.key());
    if (type == ControlRecordType.COMMIT || type == ControlRecordType.ABORT) {
      playback.replayEndTransactionMarker(
          batch.producerId(),
          batch.producerEpoch(),
          type == ControlRecordType.COMMIT ? TransactionResult.COMMIT : TransactionResult.ABORT);
    }
  }

  private void replayRecord(MutableRecordBatch batch, Record record) {
    T state;
    try {
      state = deserializer.deserialize(record.key(), record.value());
    } catch (Deserializer.UnknownRecordTypeException e) {
      logger.warn(
          "{}: a record of a type of a newer version is passed over: offset={} type={}",
          log,
          record.offset(),
          e.unknownType());
      return;
    }
    if (state != null) {
      playback.replay(record.offset(), batch.producerId(), batch.producerEpoch(), state);
    }
  }

  private void commit(long offset) {
    if (offset > committedOffset) { // the runtime begins at 0 and takes only what is beyond
      playback.updateLastWrittenOffset(offset);
      playback.updateLastCommittedOffset(offset);
      committedOffset = offset;
    }
  }

  private void replayed(@Nullable Throwable failure) {
    if (failure != null) {
      fail(failure);
    } else if (lastOffsets == null) {
      finish(endOffset);
    } else {
      long[] inOrder = lastOffsets.inOrder();
      lastOffsets = null; // three times as large, and needed no more
      carryOver(inOrder);
    }
  }

  private void carryOver(long[] last) {
    CarryOver carryOver =
        new CarryOver(log, endOffset, last, this::append, executor, scheduler, this::isGivenUp);
    carryOver
        .run()
        .whenComplete(
            (all, problem) ->
                // The end has to be durable whatever came of it.
                carryOver
                    .durable()
                    .whenComplete((durable, lost) -> execute(() -> carriedOver(problem, lost))));
  }

  /** Not once this was given up: the load that follows may be over, and others append. */
  private synchronized AppendResult append(ByteBuffer batch) {
    if (givenUp) {
      return new AppendResult.Refused(Errors.NOT_COORDINATOR, "the load was given up: " + log);
    }
    AppendResult result = log.append(batch);
    // Where it has closed, that is a resignation. It may be handed over, and be kept in the end.
    givenUp = result instanceof AppendResult.Refused && !log.isOpen();
    return result;
  }

  private void carriedOver(@Nullable Throwable problem, @Nullable Throwable lost) {
    if (lost != null) {
      fail(lost);
      return;
    }
    if (isGivenUp()) {
      return;
    }
    if (problem == null) {
      log.supersedeBelow(endOffset);
    } else {
      outcome.notCarriedOver(log, problem);
    }
    finish(log.endOffset());
  }

  private void finish(long offset) {
    try {
      commit(offset);
    } catch (Throwable e) { // an Error too: a load that never ends would hold its groups for ever
      fail(e);
      return;
    }
    log.unwatch(this);
    synchronized (this) {
      if (!givenUp) {
        done.complete(new LoadSummary(startedMs, clock.millis(), 0, records, bytes));
      }
    }
  }

  private void fail(Throwable cause) {
    if (!log.isOpen()) {
      giveUp(); // a resignation, and no fault of what was read
      return;
    }
    log.unwatch(this);
    synchronized (this) {
      if (!givenUp) {
        done.completeExceptionally(cause);
      }
    }
  }

  private synchronized boolean isGivenUp() {
    return givenUp;
  }

  /** From now on this never completes; whoever waits for it has been told otherwise. */
  void giveUp() {
    synchronized (this) {
      givenUp = true;
    }
    log.unwatch(this);
  }
}
