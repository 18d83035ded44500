package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.partition.AppendResult;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.runtime.Scheduler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.NotEnoughReplicasException;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * Writes what still counts of a coordinator's log once more, at its end: of each key the last
 * record, in the order of the log, no tombstones. Once that is durable all before it may go, with
 * the tombstones in lanes where log compaction cannot tell what they delete.
 *
 * <p>Whatever of it is written, the state stays the same: a key's last value is written again while
 * nobody writes another one. So it may end at any point.
 */
final class CarryOver {
  private static final int BATCH_BYTES = 64 << 10;
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final int PAUSES_MAX = 50; // in a row

  private final PartitionLog log;
  private final long[] lastOffsets;
  private final Function<ByteBuffer, AppendResult> append;
  private final Scheduler scheduler;
  private final LogPass pass;
  private final ByteBuffer space;
  private final Queue<ByteBuffer> batches = new ArrayDeque<>();
  private int nextLast; // among lastOffsets
  private MemoryRecordsBuilder open;
  private CompletableFuture<Void> durable = CompletableFuture.completedFuture(null);
  private int pauses;

  /**
   * @param lastOffsets of all keys below {@code endOffset}, in order
   * @param append to the log, where nobody else appends meanwhile
   * @param givenUp whether to stop
   */
  CarryOver(
      PartitionLog log,
      long endOffset,
      long[] lastOffsets,
      Function<ByteBuffer, AppendResult> append,
      Executor executor,
      Scheduler scheduler,
      BooleanSupplier givenUp) {
    this.log = log;
    this.lastOffsets = lastOffsets;
    this.append = append;
    this.scheduler = scheduler;
    this.pass = new LogPass(log, endOffset, executor, givenUp, this::carry);
    this.space = ByteBuffer.allocate(BATCH_BYTES);
    this.open = builder();
  }

  /**
   * Call once. Completes when all of it has been appended, durable or not; never when given up.
   * Fails where the log cannot be read, or takes nothing for long.
   */
  CompletableFuture<Void> run() {
    return pass.run()
        .thenCompose(
            all -> {
              finishBatch();
              return appendAll();
            });
  }

  /** When what was appended, all of it or not, is durable. Once {@link #run} has ended. */
  CompletableFuture<Void> durable() {
    return durable;
  }

  /** One part is made durable while the next one is read and appended, and no more. */
  private CompletableFuture<Void> carry(BatchSlices part, long fromOffset) throws IOException {
    for (ByteBuffer buffer : part.loaded()) {
      for (MutableRecordBatch batch : MemoryRecords.readableRecords(buffer).batches()) {
        if (batch.isTransactional() || batch.isControlBatch()) {
          throw new IllegalStateException("a transaction at offset=" + batch.baseOffset());
        }
        if (isLast(batch.baseOffset(), batch.lastOffset())) {
          for (Record record : batch) {
            if (record.offset() >= fromOffset
                && record.hasValue()
                && isLast(record.offset(), record.offset())) {
              add(record);
            }
          }
        }
      }
    }
    CompletableFuture<Void> before = durable;
    return appendAll().thenCompose(all -> before);
  }

  /** Whether a key comes last there. Asked in the order of the log. */
  private boolean isLast(long from, long to) {
    while (nextLast < lastOffsets.length && lastOffsets[nextLast] < from) {
      nextLast++;
    }
    return nextLast < lastOffsets.length && lastOffsets[nextLast] <= to;
  }

  private void add(Record record) {
    if (!open.hasRoomFor(record.timestamp(), record.key(), record.value(), record.headers())) {
      finishBatch();
    }
    open.append(record.timestamp(), record.key(), record.value(), record.headers());
  }

  private void finishBatch() {
    if (open.numRecords() > 0) {
      ByteBuffer built = open.build().buffer();
      batches.add(ByteBuffer.allocate(built.remaining()).put(built).flip());
      open = builder();
    }
  }

  private MemoryRecordsBuilder builder() {
    return new MemoryRecordsBuilder(
        space.clear(),
        RecordBatch.MAGIC_VALUE_V2,
        Compression.NONE,
        TimestampType.CREATE_TIME,
        0,
        RecordBatch.NO_TIMESTAMP,
        RecordBatch.NO_PRODUCER_ID,
        RecordBatch.NO_PRODUCER_EPOCH,
        RecordBatch.NO_SEQUENCE,
        false,
        false,
        RecordBatch.NO_PARTITION_LEADER_EPOCH,
        BATCH_BYTES);
  }

  /** The batches that are full; where the lane has no memory for one, after a pause. */
  private CompletableFuture<Void> appendAll() {
    CompletableFuture<Void> appended = new CompletableFuture<>();
    appendAll(appended);
    return appended;
  }

  private void appendAll(CompletableFuture<Void> appended) {
    try {
      for (ByteBuffer next = batches.peek(); next != null; next = batches.peek()) {
        AppendResult result = append.apply(next);
        if (result instanceof AppendResult.Appended taken) {
          durable = taken.durable();
          pauses = 0;
          batches.remove();
        } else if (result instanceof AppendResult.Refused refused) {
          throw refused.error().exception(refused.message());
        } else if (++pauses > PAUSES_MAX) {
          throw new NotEnoughReplicasException("no memory for unflushed data: " + log);
        } else {
          scheduler.schedule(() -> appendAll(appended), PAUSE);
          return;
        }
      }
      appended.complete(null);
    } catch (RuntimeException e) {
      appended.completeExceptionally(e);
    }
  }
}
