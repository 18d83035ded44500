package io.sediment.frontend.partition;

import io.sediment.lsm.batch.RecordBatchLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Record batches as producers make them, and ways to spoil them. */
public final class Batches {
  public static final long NOW_MS = 1_700_000_000_000L;

  private Batches() {}

  public static SimpleRecord[] records(int count, long timestampMs) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                new SimpleRecord(
                    timestampMs + i,
                    ("key" + i).getBytes(StandardCharsets.UTF_8),
                    ("value" + i).getBytes(StandardCharsets.UTF_8),
                    new Header[0]))
        .toArray(SimpleRecord[]::new);
  }

  public static ByteBuffer plain(int count) {
    return of(Compression.NONE, records(count, NOW_MS));
  }

  public static ByteBuffer of(Compression compression, SimpleRecord... records) {
    return MemoryRecords.withRecords(compression, records).buffer();
  }

  public static ByteBuffer idempotent(long producerId, int epoch, int sequence, int count) {
    return MemoryRecords.withIdempotentRecords(
            Compression.NONE, producerId, (short) epoch, sequence, records(count, NOW_MS))
        .buffer();
  }

  /** Makes the checksum right again after a header or record was changed. */
  public static ByteBuffer withCrc(ByteBuffer batch) {
    CRC32C crc = new CRC32C();
    crc.update(
        batch.slice(
            RecordBatchLayout.ATTRIBUTES, batch.remaining() - RecordBatchLayout.ATTRIBUTES));
    return batch.putInt(RecordBatchLayout.CRC, (int) crc.getValue());
  }
}
