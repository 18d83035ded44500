package io.sediment.lsm.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTable.SnapshotRef;
import io.sediment.lsm.object.ProducerChanges;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.simulation.Seeds;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ManifestLayoutTest {
  private static final LaneId LANE = new LaneId(3);

  static LongStream seeds() {
    return Seeds.upTo(30);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void aManifestIsReadAsItWasWritten(long seed) {
    Manifest manifest = manifest(new SplittableRandom(seed));
    ByteBuffer bytes = ManifestLayout.encode(manifest);
    assertThat(ManifestLayout.decode(LANE, manifest.id(), bytes)).isEqualTo(manifest);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void aDamagedManifestIsFound(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Manifest manifest = manifest(random);
    assertDamageIsFound(
        random,
        ManifestLayout.encode(manifest),
        bytes -> ManifestLayout.decode(LANE, manifest.id(), bytes));
  }

  @Test
  void aManifestUnderAnotherKeyIsRefused() {
    Manifest manifest = manifest(new SplittableRandom(1));
    ByteBuffer bytes = ManifestLayout.encode(manifest);
    assertThatThrownBy(() -> ManifestLayout.decode(LANE, manifest.id() + 1, bytes))
        .isInstanceOf(CorruptObjectException.class);
    assertThatThrownBy(() -> ManifestLayout.decode(new LaneId(9), manifest.id(), bytes))
        .isInstanceOf(CorruptObjectException.class);
  }

  @Test
  void anUnknownFieldIsCarriedOnUnlessItIsMandatory() {
    Manifest plain = manifest(new SplittableRandom(1));
    Manifest newer = withFields(plain, ExtensionFields.NONE.with(8, new byte[] {1, 2, 3}));
    ByteBuffer bytes = ManifestLayout.encode(newer);
    assertThat(ManifestLayout.decode(LANE, plain.id(), bytes)).isEqualTo(newer);
    ByteBuffer mandatory =
        ManifestLayout.encode(withFields(plain, ExtensionFields.NONE.with(9, new byte[] {1})));
    assertThatThrownBy(() -> ManifestLayout.decode(LANE, plain.id(), mandatory))
        .isInstanceOf(CorruptObjectException.class)
        .hasMessageContaining("mandatory");
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void aTableIsReadAsItWasWritten(long seed) {
    PartitionTable table = table(new SplittableRandom(seed), 200);
    ByteBuffer bytes = PartitionTableLayout.encode(table);
    TableRef ref = PartitionTableLayout.refOf(table, bytes);
    assertThat(PartitionTableLayout.decode(LANE, ref, bytes)).isEqualTo(table);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void aDamagedTableIsFound(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    PartitionTable table = table(random, 10);
    ByteBuffer bytes = PartitionTableLayout.encode(table);
    TableRef ref = PartitionTableLayout.refOf(table, bytes);
    assertDamageIsFound(random, bytes, damaged -> PartitionTableLayout.decode(LANE, ref, damaged));
  }

  @Test
  void aTableOfAHundredThousandPartitionsIsSmall() {
    TreeMap<PartitionId, Row> rows = new TreeMap<>();
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 100_000; i++) {
      rows.put(
          new PartitionId(new UUID(i / 10 * 31L, 7), i % 10),
          new Row(
              random.nextLong(1L << 32),
              3,
              1_790_000_000_000L + random.nextInt(3_600_000),
              random.nextLong(1L << 30),
              new SnapshotRef(SortedObjectKind.L0, 4, 1_000 + random.nextInt(100)),
              true,
              ProducerChanges.NONE));
    }
    PartitionTable table = new PartitionTable(LANE, 4, 1_200, rows);
    ByteBuffer bytes = PartitionTableLayout.encode(table);
    TableRef ref = PartitionTableLayout.refOf(table, bytes);
    assertThat(bytes.remaining() / 100_000.0).as("bytes per row").isLessThan(22);
    assertThat(PartitionTableLayout.decode(LANE, ref, bytes)).isEqualTo(table);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void aDamagedBoundaryIsFound(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ByteBuffer bytes = BoundaryRegister.encode(LANE, random.nextLong(1L << 40));
    assertDamageIsFound(random, bytes, damaged -> BoundaryRegister.decode(LANE, damaged));
  }

  private static void assertDamageIsFound(
      SplittableRandom random, ByteBuffer good, Consumer<ByteBuffer> decode) {
    byte[] bytes = new byte[good.remaining()];
    good.duplicate().get(bytes);
    for (int length = 0; length < bytes.length; length++) {
      ByteBuffer cut = ByteBuffer.wrap(bytes, 0, length).slice();
      assertThatThrownBy(() -> decode.accept(cut))
          .as("length=%d", length)
          .isInstanceOf(CorruptObjectException.class);
    }
    for (int i = 0; i < 200; i++) {
      byte[] flipped = Arrays.copyOf(bytes, bytes.length);
      int bit = random.nextInt(bytes.length * 8);
      flipped[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThatThrownBy(() -> decode.accept(ByteBuffer.wrap(flipped)))
          .as("bit=%d", bit)
          .isInstanceOf(CorruptObjectException.class);
    }
  }

  private static Manifest withFields(Manifest base, ExtensionFields fields) {
    return new Manifest(
        base.lane(),
        base.id(),
        base.commitId(),
        base.term(),
        base.replayAfter(),
        base.l0(),
        base.table(),
        base.writerLowMark(),
        base.level1(),
        fields);
  }

  private static Manifest manifest(SplittableRandom random) {
    List<L0Ref> l0 = new ArrayList<>();
    for (int i = random.nextInt(20); i > 0; i--) {
      l0.add(
          new L0Ref(
              random.nextBoolean() ? SortedObjectKind.L0 : SortedObjectKind.WAL,
              1 + random.nextInt(3),
              1 + random.nextLong(1L << 20),
              1 + random.nextLong(1L << 40),
              random.nextInt(),
              random.nextInt(1_000),
              random.nextLong(1L << 40),
              random.nextLong()));
    }
    return new Manifest(
        LANE,
        1 + random.nextLong(1L << 30),
        new CommitId(new UUID(random.nextLong(), random.nextLong()), random.nextLong(1L << 20)),
        new WriterTerm(random.nextLong(5), random.nextLong(1L << 20), new UUID(1, 2)),
        new WalSlot(random.nextInt(9), random.nextLong(1L << 40)),
        l0,
        random.nextBoolean() ? null : new TableRef(1, 2, 3, random.nextInt()),
        random.nextInt(1_000),
        level1(random),
        ExtensionFields.NONE);
  }

  private static Level1 level1(SplittableRandom random) {
    if (random.nextInt(3) == 0) {
      return Level1.NONE;
    }
    List<RunRef> runs = new ArrayList<>();
    for (int i = random.nextInt(10); i > 0; i--) {
      runs.add(
          new RunRef(
              1 + random.nextInt(9),
              1 + random.nextLong(1L << 20),
              1 + random.nextLong(1L << 30),
              random.nextInt(),
              random.nextInt(20),
              random.nextInt(1_000),
              random.nextLong(1L << 40),
              random.nextLong(),
              new Place(random.nextInt(9), random.nextInt(900)),
              new Place(9 + random.nextInt(9), random.nextInt(900)),
              random.nextInt(3),
              objects(random)));
    }
    JobProgress job =
        random.nextBoolean()
            ? null
            : new JobProgress(
                List.of(new Place(1, 2)),
                List.of(new JobProgress.Source(random.nextBoolean(), 3, 4)),
                objects(random));
    return new Level1(
        1 + random.nextInt(3), new UUID(random.nextLong(), 7), random.nextInt(1_000), runs, job);
  }

  private static List<DataRef> objects(SplittableRandom random) {
    List<DataRef> objects = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      objects.add(
          new DataRef(
              List.of(SortedObjectKind.L0, SortedObjectKind.L1, SortedObjectKind.WAL)
                  .get(random.nextInt(3)),
              1 + random.nextInt(9),
              1 + random.nextInt(999),
              1 + random.nextLong(1L << 40),
              random.nextInt()));
    }
    return objects;
  }

  private static ProducerChanges changes(SplittableRandom random) {
    List<ProducerEntry> entries = new ArrayList<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      ProducerEntry.Batch batch =
          new ProducerEntry.Batch(
              i, i + random.nextInt(9), random.nextInt(99), 99, random.nextLong());
      entries.add(
          new ProducerEntry(
              random.nextLong(1L << 50),
              (short) random.nextInt(9),
              random.nextInt(9) - 1,
              random.nextLong(1L << 40) - 1,
              random.nextLong(),
              random.nextBoolean() ? List.of() : List.of(batch)));
    }
    return entries.isEmpty() && random.nextBoolean()
        ? ProducerChanges.UNKNOWN
        : ProducerChanges.NONE.then(entries);
  }

  private static PartitionTable table(SplittableRandom random, int rowsMax) {
    TreeMap<PartitionId, Row> rows = new TreeMap<>();
    UUID topic = new UUID(random.nextLong(), random.nextLong());
    for (int i = random.nextInt(rowsMax); i > 0; i--) {
      if (random.nextInt(4) == 0) {
        topic = new UUID(random.nextLong(), random.nextLong());
      }
      SnapshotRef snapshot =
          random.nextBoolean() ? null : new SnapshotRef(SortedObjectKind.L0, 1, random.nextInt(4));
      rows.put(
          new PartitionId(topic, random.nextInt(50)),
          new Row(
              random.nextLong(1L << 50),
              random.nextInt(9) - 1,
              random.nextLong(),
              random.nextLong(1L << 40),
              snapshot,
              snapshot != null && random.nextBoolean(),
              changes(random)));
    }
    return new PartitionTable(LANE, 4, 1 + random.nextInt(100), rows);
  }
}
