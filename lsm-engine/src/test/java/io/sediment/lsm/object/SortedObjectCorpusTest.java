package io.sediment.lsm.object;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.runtime.Corpus;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Sorted objects that version 1 has written stay readable, and stay as they are. */
class SortedObjectCorpusTest {
  private static final UUID WRITER = new UUID(0x0102030405060708L, 0x090a0b0c0d0e0f10L);
  private static final UUID FIRST = new UUID(1, 1);
  private static final UUID SECOND = new UUID(2, 2);

  @Test
  void walObject() {
    check("wal-object", object(SortedObjectKind.WAL));
  }

  @Test
  void l0() {
    check("l0", object(SortedObjectKind.L0));
  }

  @Test
  void fence() {
    check("fence", SortedObjectWriter.fence(identity(SortedObjectKind.FENCE)));
  }

  private static void check(String name, EncodedObject expected) {
    byte[] stored = Corpus.read("v1/" + name, expected.body()::toByteArray);
    SortedObject description = expected.description();
    assertThat(
            SortedObjectReader.decodeDescription(
                description.key(), ByteBuffer.wrap(stored), stored.length))
        .isEqualTo(description);
    assertThat(expected.body().toByteArray()).isEqualTo(stored);
  }

  private static EncodedObject object(SortedObjectKind kind) {
    SortedObjectWriter writer =
        new SortedObjectWriter(identity(kind), new SortedObjectOptions(100, 0));
    writer.beginSection(new PartitionId(FIRST, 0));
    writer.add(TestBatch.at(1_000).records(3).maxTimestamp(1_790_000_000_000L).build());
    writer.add(TestBatch.at(1_003).leaderEpoch(2).maxTimestamp(1_790_000_000_001L).build());
    writer.producers(
        List.of(
            new ProducerEntry(
                77,
                (short) 3,
                -1,
                1_003,
                1_790_000_000_001L,
                List.of(new ProducerEntry.Batch(0, 2, 1_000, 1_002, 1_790_000_000_000L)))));
    writer.beginSection(new PartitionId(FIRST, 4));
    writer.add(TestBatch.at(0).maxTimestamp(-1).build());
    writer.beginSection(new PartitionId(SECOND, 1));
    writer.add(TestBatch.at(1L << 40).payload(new byte[] {1, 2, 3}).build());
    writer.abortedTxns(List.of(new AbortedTxn(77, 5, 9, 10)));
    return writer.finish();
  }

  private static ObjectIdentity identity(SortedObjectKind kind) {
    return new ObjectIdentity(kind, 2, new LaneId(3), 5, 7, WRITER);
  }
}
