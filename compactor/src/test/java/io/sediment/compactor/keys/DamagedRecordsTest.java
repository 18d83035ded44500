package io.sediment.compactor.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.records.BrokenRecordsException;
import io.sediment.lsm.records.RecordCursor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/** Batches whose checksum is right but whose records are not. */
class DamagedRecordsTest {
  @Test
  void damageIsReportedWhateverItHits() {
    Random random = new Random(1);
    int broken = 0;
    for (int i = 0; i < 3_000; i++) {
      History history = new History(random, 5);
      ByteBuffer batch = history.next();
      int at = 61 + random.nextInt(batch.limit() - 61);
      batch.put(at, (byte) (batch.get(at) ^ 1 << random.nextInt(8)));
      try (RecordCursor cursor = new RecordCursor(batch, 1 << 20)) {
        while (cursor.next()) {
          cursor.offset();
        }
      } catch (BrokenRecordsException e) {
        assertThat(e).hasMessageMatching("(?s).+");
        broken++;
      }
    }
    assertThat(broken).isGreaterThan(500); // others hit a value and are as good as any
  }

  @Test
  void aBombStopsAtItsLimit() {
    SimpleRecord[] zeros = new SimpleRecord[4_000];
    Arrays.fill(zeros, new SimpleRecord(0, new byte[] {1}, new byte[1 << 10]));
    ByteBuffer bomb = MemoryRecords.withRecords(Compression.zstd().build(), zeros).buffer();
    assertThatThrownBy(
            () -> {
              try (RecordCursor cursor = new RecordCursor(bomb, 1 << 20)) {
                while (cursor.next()) {
                  cursor.offset();
                }
              }
            })
        .isInstanceOf(BrokenRecordsException.class)
        .hasMessageContaining("1048576");
  }
}
