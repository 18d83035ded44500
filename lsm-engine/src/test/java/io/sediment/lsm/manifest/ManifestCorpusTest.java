package io.sediment.lsm.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTable.SnapshotRef;
import io.sediment.lsm.object.ProducerChanges;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.runtime.Corpus;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Manifests, boundaries and tables that version 1 has written stay readable, as they are. */
class ManifestCorpusTest {
  private static final LaneId LANE = new LaneId(3);

  @Test
  void manifest() {
    Manifest manifest =
        new Manifest(
            LANE,
            300,
            new CommitId(new UUID(5, 6), 41),
            new WriterTerm(2, 7, new UUID(5, 6)),
            new WalSlot(7, 120),
            List.of(
                new L0Ref(SortedObjectKind.WAL, 6, 88, 2_000_000, 0x1234abcd, 8, 1_999_000, -1),
                new L0Ref(
                    SortedObjectKind.L0,
                    7,
                    54,
                    1L << 33,
                    -1,
                    10_000,
                    1L << 32,
                    1_790_000_000_000L)),
            new TableRef(7, 54, 20_000, 99),
            55,
            Level1.NONE,
            ExtensionFields.NONE.with(8, new byte[] {1, 2, 3}));
    byte[] stored = Corpus.read("v1/manifest", () -> bytes(ManifestLayout.encode(manifest)));
    assertThat(ManifestLayout.decode(LANE, 300, ByteBuffer.wrap(stored))).isEqualTo(manifest);
    assertThat(bytes(ManifestLayout.encode(manifest))).isEqualTo(stored);
  }

  @Test
  void manifestWithRuns() {
    DataRef l1 = new DataRef(SortedObjectKind.L1, 4, 17, 200_000_000, 0x55aa);
    DataRef l0 = new DataRef(SortedObjectKind.L0, 6, 31, 64_000_000, 0x77);
    Level1 level1 =
        new Level1(
            4,
            new UUID(7, 8),
            20,
            List.of(
                new RunRef(
                    4,
                    18,
                    90_000,
                    0x1234,
                    11,
                    4_000,
                    190_000_000,
                    1_790_000_000_000L,
                    new Place(5, 3),
                    new Place(6, 31),
                    5,
                    List.of(l1, l0))),
            new JobProgress(
                List.of(new Place(4, 18)),
                List.of(new JobProgress.Source(true, 6, 88)),
                List.of(new DataRef(SortedObjectKind.L1, 4, 19, 100, 1))));
    Manifest manifest =
        new Manifest(
            LANE,
            301,
            new CommitId(new UUID(5, 6), 42),
            new WriterTerm(2, 7, new UUID(5, 6)),
            new WalSlot(7, 120),
            List.of(
                new L0Ref(SortedObjectKind.WAL, 6, 88, 2_000_000, 0x1234abcd, 8, 1_999_000, -1)),
            new TableRef(7, 54, 20_000, 99),
            55,
            level1,
            ExtensionFields.NONE.with(8, new byte[] {1, 2, 3}));
    byte[] stored = Corpus.read("v1/manifest-runs", () -> bytes(ManifestLayout.encode(manifest)));
    assertThat(ManifestLayout.decode(LANE, 301, ByteBuffer.wrap(stored))).isEqualTo(manifest);
    assertThat(bytes(ManifestLayout.encode(manifest))).isEqualTo(stored);
  }

  @Test
  void boundary() {
    byte[] stored = Corpus.read("v1/boundary", () -> bytes(BoundaryRegister.encode(LANE, 123_456)));
    assertThat(BoundaryRegister.decode(LANE, ByteBuffer.wrap(stored))).isEqualTo(123_456);
    assertThat(bytes(BoundaryRegister.encode(LANE, 123_456))).isEqualTo(stored);
  }

  private static PartitionTable table() {
    ProducerChanges some =
        ProducerChanges.NONE.then(
            List.of(
                new ProducerEntry(
                    4_000,
                    (short) 2,
                    -1,
                    4_998,
                    1_790_000_000_500L,
                    List.of(new ProducerEntry.Batch(7, 8, 4_998, 4_999, 1_790_000_000_000L)))));
    TreeMap<PartitionId, Row> rows = new TreeMap<>();
    SnapshotRef snapshot = new SnapshotRef(SortedObjectKind.L0, 7, 54);
    rows.put(
        new PartitionId(new UUID(1, 1), 0),
        new Row(5_000, 3, 1_790_000_000_000L, 9, snapshot, true, some));
    rows.put(
        new PartitionId(new UUID(1, 1), 9),
        new Row(1L << 40, 0, -1, 1L << 41, null, false, ProducerChanges.NONE));
    rows.put(
        new PartitionId(new UUID(2, 1), 2),
        new Row(0, -1, 0, 0, snapshot, false, ProducerChanges.UNKNOWN));
    return new PartitionTable(LANE, 7, 54, rows);
  }

  @Test
  void partitionTable() {
    PartitionTable table = table();
    ByteBuffer encoded = PartitionTableLayout.encode(table);
    byte[] stored = Corpus.read("v1/partition-table-producers", () -> bytes(encoded));
    TableRef ref = PartitionTableLayout.refOf(table, encoded);
    assertThat(PartitionTableLayout.decode(LANE, ref, ByteBuffer.wrap(stored))).isEqualTo(table);
    assertThat(bytes(encoded)).isEqualTo(stored);
  }

  @Test
  void partitionTableThatDoesNotSayWhatProducersDid() {
    byte[] stored = Corpus.read("v1/partition-table", () -> new byte[0]);
    PartitionTable table = table();
    SortedMap<PartitionId, Row> rows = new TreeMap<>(table.rows());
    rows.replaceAll(
        (partition, row) ->
            new Row(
                row.nextOffset(),
                row.lastLeaderEpoch(),
                row.maxTimestamp(),
                row.bytes(),
                row.producers(),
                false,
                ProducerChanges.UNKNOWN));
    assertThat(
            PartitionTableLayout.decode(
                new TableRef(7, 54, 1, 1).key(LANE), ByteBuffer.wrap(stored)))
        .isEqualTo(new PartitionTable(LANE, 7, 54, rows));
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }
}
