package io.sediment.lsm.batch;

import java.nio.ByteBuffer;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;

/**
 * Makes v2 record batches for tests: a true header with a true CRC; the records are bytes that
 * nobody decodes.
 */
public final class TestBatch {
  private long baseOffset;
  private int leaderEpoch;
  private int records = 1;
  private long maxTimestamp = 1_000_000;
  private long producerId = RecordBatchLayout.NO_PRODUCER_ID;
  private short producerEpoch = -1;
  private int baseSequence = -1;
  private byte[] payload = new byte[0];

  public static TestBatch at(long baseOffset) {
    TestBatch batch = new TestBatch();
    batch.baseOffset = baseOffset;
    return batch;
  }

  public TestBatch leaderEpoch(int value) {
    leaderEpoch = value;
    return this;
  }

  /** Number of records, with consecutive offsets. */
  public TestBatch records(int value) {
    records = value;
    return this;
  }

  public TestBatch maxTimestamp(long value) {
    maxTimestamp = value;
    return this;
  }

  public TestBatch producer(long id, int epoch, int sequence) {
    producerId = id;
    producerEpoch = (short) epoch;
    baseSequence = sequence;
    return this;
  }

  public TestBatch payload(byte[] value) {
    payload = value;
    return this;
  }

  /** Random records so that the whole batch has {@code sizeBytes}. */
  public TestBatch size(int sizeBytes, RandomGenerator random) {
    payload = new byte[Math.max(0, sizeBytes - RecordBatchLayout.HEADER_SIZE)];
    random.nextBytes(payload);
    return this;
  }

  public int sizeBytes() {
    return RecordBatchLayout.HEADER_SIZE + payload.length;
  }

  /** On the heap. */
  public ByteBuffer build() {
    ByteBuffer batch = ByteBuffer.allocate(sizeBytes());
    writeTo(batch);
    return batch.flip();
  }

  /** Appends the batch at the position of {@code out}, which moves behind it. */
  public void writeTo(ByteBuffer out) {
    int at = out.position();
    out.putLong(baseOffset);
    out.putInt(sizeBytes() - RecordBatchLayout.LENGTH_OVERHEAD);
    out.putInt(leaderEpoch);
    out.put(RecordBatchLayout.CURRENT_MAGIC);
    out.putInt(0);
    out.putShort((short) 0);
    out.putInt(records - 1);
    out.putLong(maxTimestamp);
    out.putLong(maxTimestamp);
    out.putLong(producerId);
    out.putShort(producerEpoch);
    out.putInt(baseSequence);
    out.putInt(records);
    out.put(payload);
    CRC32C crc = new CRC32C();
    int covered = RecordBatchLayout.ATTRIBUTES;
    crc.update(out.slice(at + covered, out.position() - at - covered));
    out.putInt(at + RecordBatchLayout.CRC, (int) crc.getValue());
  }
}
