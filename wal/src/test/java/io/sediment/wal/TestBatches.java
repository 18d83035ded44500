package io.sediment.wal;

import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** Record batches whose headers are right and whose records are noise. */
final class TestBatches {
  static final int SIZE_MIN = RecordBatchLayout.HEADER_SIZE;

  private TestBatches() {}

  /** Fills {@code batch} from position to limit with a batch of {@code records} records. */
  static void fill(
      ByteBuffer batch,
      long baseOffset,
      int leaderEpoch,
      int records,
      @Nullable ProducerEntry producer,
      SplittableRandom random) {
    int size = batch.remaining();
    for (int i = 0; i < size; i++) {
      batch.put(i, (byte) random.nextInt());
    }
    RecordBatchLayout.assign(batch, 0, baseOffset, leaderEpoch);
    batch.putInt(RecordBatchLayout.BATCH_LENGTH, size - RecordBatchLayout.LENGTH_OVERHEAD);
    batch.put(RecordBatchLayout.MAGIC, RecordBatchLayout.CURRENT_MAGIC);
    batch.putShort(RecordBatchLayout.ATTRIBUTES, (short) 0);
    batch.putInt(RecordBatchLayout.LAST_OFFSET_DELTA, records - 1);
    batch.putLong(RecordBatchLayout.BASE_TIMESTAMP, 1_000_000 + baseOffset);
    batch.putLong(RecordBatchLayout.MAX_TIMESTAMP, 1_000_000 + baseOffset + records);
    batch.putLong(RecordBatchLayout.PRODUCER_ID, producer == null ? -1 : producer.producerId());
    batch.putInt(RecordBatchLayout.RECORDS_COUNT, records);
  }

  /** What one batch of an idempotent producer does to its state. */
  static ProducerEntry producer(long producerId, int firstSequence, long baseOffset, int records) {
    return new ProducerEntry(
        producerId,
        (short) 0,
        ProducerEntry.NO_COORDINATOR_EPOCH,
        ProducerEntry.NO_OPEN_TXN,
        1_000_000,
        List.of(
            new ProducerEntry.Batch(
                firstSequence,
                firstSequence + records - 1,
                baseOffset,
                baseOffset + records - 1,
                1_000_000)));
  }

  /**
   * A slab of that size whose bytes turn to rubbish with the last release, as they would when it is
   * filled again.
   */
  static Slab slab(int size, Runnable whenFree) {
    ByteBuffer memory = ByteBuffer.allocateDirect(size);
    return new Slab(
        memory,
        free -> {
          for (int i = 0; i < size; i++) {
            memory.put(i, (byte) 0xEE);
          }
          whenFree.run();
        });
  }
}
