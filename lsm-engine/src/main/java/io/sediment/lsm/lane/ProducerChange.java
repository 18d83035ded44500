package io.sediment.lsm.lane;

import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** What one batch does to the state of its producer (invariant I9: a function of the log). Pure. */
final class ProducerChange {
  // A control batch holds one record: its key is version (2 bytes) and type (2 bytes), its value
  // version (2 bytes) and coordinator epoch (4 bytes). Before them in the record: length,
  // attributes, timestamp delta, offset delta, key length, one byte each as all are small; the
  // value's length is one byte as well.
  private static final int CONTROL_KEY = RecordBatchLayout.HEADER_SIZE + 5;
  private static final int CONTROL_COORDINATOR_EPOCH = CONTROL_KEY + 4 + 1 + 2;

  private ProducerChange() {}

  /**
   * @param batch finished: offsets assigned
   * @param nowMs when it is appended
   * @param openTxn producer id → first offset of its open transaction, {@link
   *     ProducerEntry#NO_OPEN_TXN} without one
   * @return null for a batch without a producer id
   */
  static @Nullable ProducerEntry of(ByteBuffer batch, long nowMs, LongUnaryOperator openTxn) {
    long producerId = RecordBatchLayout.producerId(batch, 0);
    if (producerId == RecordBatchLayout.NO_PRODUCER_ID) {
      return null;
    }
    short epoch = RecordBatchLayout.producerEpoch(batch, 0);
    if (RecordBatchLayout.isControl(batch, 0)) {
      return new ProducerEntry(
          producerId,
          epoch,
          batch.getInt(CONTROL_COORDINATOR_EPOCH),
          ProducerEntry.NO_OPEN_TXN,
          nowMs,
          List.of());
    }
    long baseOffset = RecordBatchLayout.baseOffset(batch, 0);
    long txnFirstOffset = ProducerEntry.NO_OPEN_TXN;
    if (RecordBatchLayout.isTransactional(batch, 0)) {
      long open = openTxn.applyAsLong(producerId);
      txnFirstOffset = open == ProducerEntry.NO_OPEN_TXN ? baseOffset : open;
    }
    return new ProducerEntry(
        producerId,
        epoch,
        ProducerEntry.NO_COORDINATOR_EPOCH,
        txnFirstOffset,
        nowMs,
        List.of(
            new ProducerEntry.Batch(
                RecordBatchLayout.baseSequence(batch, 0),
                RecordBatchLayout.lastSequence(batch, 0),
                baseOffset,
                RecordBatchLayout.lastOffset(batch, 0),
                RecordBatchLayout.maxTimestamp(batch, 0))));
  }
}
