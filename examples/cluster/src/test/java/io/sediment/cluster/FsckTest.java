package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.tools.Tools;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit;
import io.sediment.lsm.manifest.ManifestEdit.DropObjects;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTableLayout;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ProducerChanges;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectOptions;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.LocalObjectStore;
import io.sediment.objectstore.ObjectKey;
import io.sediment.runtime.Await;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Whatever is done to a bucket is found. */
@ExtendWith(SampleBucketExtension.class)
class FsckTest {
  private static final int FLIPS_EACH = 2;
  private static final int IN_FLIGHT_MAX = 4;

  private final Path sample;
  @TempDir Path temp;
  private Path bucket;

  FsckTest(Path sample) {
    this.sample = sample;
  }

  @BeforeEach
  void copy() throws IOException {
    bucket = Files.createTempDirectory(temp, "bucket");
    SampleBucket.copy(sample, bucket);
  }

  private record Answer(int status, List<String> lines) {
    List<String> findings() {
      return lines.stream().filter(line -> line.startsWith("finding ")).toList();
    }
  }

  private Answer fsck(String... options) {
    List<String> arguments = new ArrayList<>(List.of("fsck"));
    arguments.addAll(List.of(options));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int status =
        Tools.run(
            arguments.toArray(String[]::new),
            new SettingsBucket(SampleBucket.environment(bucket)),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            System.err);
    return new Answer(status, out.toString(StandardCharsets.UTF_8).lines().toList());
  }

  @Test
  void whatBrokersLeaveBehindIsCleanAndOfEveryKind() throws IOException {
    Answer answer = fsck();
    assertThat(answer.findings()).isEmpty();
    assertThat(answer.lines())
        .anyMatch(line -> line.startsWith("objects role=metadata "))
        .anyMatch(line -> line.startsWith("objects role=live "))
        .anyMatch(line -> line.startsWith("objects role=garbage "))
        .endsWith("fsck clean=true damages=0 warnings=0 data=true");
    assertThat(answer.status()).isEqualTo(Tools.EXIT_CLEAN);
    assertThat(keys())
        .anyMatch(key -> key.endsWith(".l0"))
        .anyMatch(key -> key.endsWith(".l1"))
        .anyMatch(key -> key.endsWith(".dir"))
        .anyMatch(key -> key.endsWith(".table"))
        .anyMatch(key -> key.endsWith("/boundary"));
  }

  @Test
  void aFlippedBitInAnyObjectIsFoundAndNamed() throws IOException {
    Random random = new Random(1);
    List<String> missed = new ArrayList<>();
    for (String key : keys()) {
      Path object = bucket.resolve(key);
      byte[] sound = Files.readAllBytes(object);
      for (int i = 0; i < FLIPS_EACH; i++) {
        int position = random.nextInt(sound.length);
        byte[] flipped = sound.clone();
        flipped[position] ^= (byte) (1 << random.nextInt(8));
        Files.write(object, flipped);
        Answer answer = fsck();
        if (answer.status() != Tools.EXIT_DAMAGED
            || answer.findings().stream().noneMatch(finding -> finding.contains(key))) {
          missed.add(key + " position=" + position + " " + answer.findings());
        }
      }
      Files.write(object, sound);
    }
    assertThat(missed).isEmpty();
    assertThat(fsck().status()).isEqualTo(Tools.EXIT_CLEAN);
  }

  @Test
  void anObjectThatWasCutShortIsFoundAndNamed() throws IOException {
    Random random = new Random(2);
    List<String> missed = new ArrayList<>();
    for (String key : keys()) {
      Path object = bucket.resolve(key);
      byte[] sound = Files.readAllBytes(object);
      Files.write(object, Arrays.copyOf(sound, random.nextInt(sound.length)));
      Answer answer = fsck();
      if (answer.status() != Tools.EXIT_DAMAGED
          || answer.findings().stream().noneMatch(finding -> finding.contains(key))) {
        missed.add(key + " " + answer.findings());
      }
      Files.write(object, sound);
    }
    assertThat(missed).isEmpty();
  }

  /**
   * Except for garbage, which nobody misses, and what a crash leaves as well: the newest of a row
   * that only grows is known to its writer alone. Of a log that is as many as may be in flight.
   */
  @Test
  void anObjectThatIsMissingIsFound() throws IOException {
    List<String> garbage =
        fsck("--no-data", "--orphans").lines().stream()
            .filter(line -> line.startsWith("orphan role=garbage key="))
            .map(line -> line.substring(line.indexOf("key=") + 4, line.indexOf(" bytes=")))
            .toList();
    List<String> missed = new ArrayList<>();
    for (String key : keys()) {
      Path object = bucket.resolve(key);
      byte[] sound = Files.readAllBytes(object);
      Files.delete(object);
      if (fsck("--no-data").status() != Tools.EXIT_DAMAGED) {
        missed.add(key);
      }
      Files.write(object, sound);
    }
    List<String> openLog = keys("lanes/2/wal/00000000000000000002/");
    List<String> exports = keys("cluster/meta/00000000000000000002/");
    List<String> excused = new ArrayList<>(garbage);
    excused.addAll(openLog.subList(openLog.size() - IN_FLIGHT_MAX, openLog.size()));
    excused.add(exports.get(exports.size() - 1));
    assertThat(excused).containsAll(missed);
  }

  /** However many were put meanwhile: none of them knows of it that it was acknowledged. */
  @Test
  void aPutThatIsLongUnderWayIsNotMissed() throws IOException {
    List<String> openLog = keys("lanes/2/wal/00000000000000000002/");
    String last = openLog.get(openLog.size() - 1);
    long acked = Long.parseLong(last.substring(last.lastIndexOf('/') + 1));
    putBehindAGap(last, acked, acked);
    assertThat(fsck("--no-data").findings()).isEmpty();
  }

  @Test
  void aSlotThatLaterOnesKnowToBeAcknowledgedIsMissed() throws IOException {
    List<String> openLog = keys("lanes/2/wal/00000000000000000002/");
    String last = openLog.get(openLog.size() - 1);
    long acked = Long.parseLong(last.substring(last.lastIndexOf('/') + 1));
    putBehindAGap(last, acked, acked + 1);
    assertThat(fsck("--no-data").findings())
        .isNotEmpty()
        .allMatch(finding -> finding.contains("check=I1"))
        .allMatch(finding -> finding.contains("was acknowledged and is missing"));
  }

  /** It finds nothing at slots that were flushed and collected meanwhile, and fences those. */
  @Test
  void theFencesOfASealerThatSleptAreHarmless() throws IOException {
    assertThat(newestOf(0).replayAfter().epoch()).isGreaterThan(1);
    WalSlot collected = new WalSlot(1, 1);
    assertThat(keys("lanes/0/wal/00000000000000000001/"))
        .isNotEmpty()
        .doesNotContain(new LaneKeys(new LaneId(0)).wal(collected).value());
    fence(0, collected);
    assertThat(fsck("--no-data").findings()).isEmpty();
  }

  @Test
  void aFenceInAnOpenLogIsFound() throws IOException {
    List<String> openLog = keys("lanes/2/wal/00000000000000000002/");
    String last = openLog.get(openLog.size() - 1);
    long seq = Long.parseLong(last.substring(last.lastIndexOf('/') + 1));
    fence(2, new WalSlot(2, seq + 1));
    assertThat(fsck("--no-data").findings())
        .anyMatch(finding -> finding.contains("a fence in an epoch that is not closed"));
  }

  private void fence(int lane, WalSlot slot) throws IOException {
    ObjectIdentity identity =
        new ObjectIdentity(
            SortedObjectKind.FENCE, 1, new LaneId(lane), slot.epoch(), slot.seq(), new UUID(3, 3));
    Files.write(
        bucket.resolve(LaneKeys.of(identity).value()),
        SortedObjectWriter.fence(identity).body().toByteArray());
  }

  /** Ten objects like {@code last}, the first of them one slot too late. */
  private void putBehindAGap(String last, long lastSeq, long ackedSeq) throws IOException {
    Path object = bucket.resolve(last);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(object));
    SortedObject described =
        SortedObjectReader.decodeDescription(new ObjectKey(last), bytes, bytes.limit());
    ObjectIdentity writer = described.identity();
    Section section = described.sections().get(0);
    Block block = section.blocks().get(0);
    ByteBuffer batch = bytes.slice((int) block.position(), block.length());
    batch.limit(RecordBatchLayout.sizeInBytes(batch, 0));
    for (long seq = lastSeq + 2; seq < lastSeq + 12; seq++) {
      ObjectIdentity identity =
          new ObjectIdentity(
              SortedObjectKind.WAL,
              writer.incarnation(),
              writer.lane(),
              writer.epoch(),
              seq,
              writer.writerId());
      SortedObjectWriter next = new SortedObjectWriter(identity, SortedObjectOptions.DEFAULT);
      next.ackedSeq(ackedSeq);
      next.beginSection(section.partition());
      next.add(batch);
      Files.write(
          bucket.resolve(LaneKeys.of(identity).value()), next.finish().body().toByteArray());
    }
  }

  @Test
  void recordsThatNoManifestNamesAnyMoreAreMissed() {
    Manifest newest = commit(0, manifest -> drop(manifest, List.of(), manifest.level1().runs()));
    assertThat(newest.level1().runs()).isEmpty();
    Answer answer = fsck("--no-data");
    assertThat(answer.status()).isEqualTo(Tools.EXIT_DAMAGED);
    assertThat(answer.findings())
        .anyMatch(
            finding ->
                finding.contains("check=I8 subject=\"partition plain-0\"")
                    && finding.contains("lane=0 fromOffset=0 toOffset=40"))
        .noneMatch(finding -> finding.contains(SampleBucket.DELETED + "-0"));
  }

  @Test
  void recordsMissingInTheMiddleOfALaneAreMissed() throws IOException {
    List<L0Ref> holders = new ArrayList<>();
    for (L0Ref ref : newestOf(0).l0()) {
      if (holdsPlainRecords(ref)) {
        holders.add(ref);
      }
    }
    assertThat(holders).hasSizeGreaterThan(1);
    for (L0Ref dropped : holders.subList(0, holders.size() - 1)) { // others follow these
      commit(0, manifest -> drop(manifest, List.of(dropped), List.of()));
      assertThat(fsck("--no-data").findings())
          .as("without %s of %s", dropped, holders)
          .isNotEmpty()
          .allMatch(finding -> finding.contains("check=I8") || finding.contains("check=I10"))
          .anyMatch(finding -> finding.contains("offsets are missing: "));
      copy();
    }
  }

  /** Whoever leads a partition next takes producers for what the table says of them. */
  @Test
  void aTableThatKnowsLessOfProducersThanTheLogIsFound() throws IOException {
    TableRef ref = replaceTable(FsckTest::withoutLastBatches);
    assertThat(fsck("--no-data").findings())
        .isNotEmpty()
        .allMatch(finding -> finding.contains("check=I9 subject=" + ref.key(new LaneId(0))));
  }

  private TableRef replaceTable(UnaryOperator<ProducerChanges> changing) throws IOException {
    int lane = 0;
    PartitionTable table = tableOf(lane);
    SortedMap<PartitionId, Row> rows = new TreeMap<>(table.rows());
    rows.replaceAll((partition, row) -> row.with(changing.apply(row.sinceSnapshot())));
    assertThat(rows).as("something was adopted").isNotEqualTo(table.rows());
    PartitionTable less = new PartitionTable(new LaneId(lane), table.epoch(), 1_000_000, rows);
    ByteBuffer encoded = PartitionTableLayout.encode(less);
    TableRef ref = PartitionTableLayout.refOf(less, encoded);
    Path object = bucket.resolve(ref.key(less.lane()).value());
    Files.createDirectories(object.getParent());
    Files.write(object, Arrays.copyOf(encoded.array(), encoded.limit()));
    commit(lane, manifest -> new DropObjects(manifest.term(), List.of(), List.of(), ref));
    return ref;
  }

  private PartitionTable tableOf(int lane) throws IOException {
    TableRef ref = Objects.requireNonNull(newestOf(lane).table());
    byte[] stored = Files.readAllBytes(bucket.resolve(ref.key(new LaneId(lane)).value()));
    return PartitionTableLayout.decode(new LaneId(lane), ref, ByteBuffer.wrap(stored));
  }

  private static ProducerChanges withoutLastBatches(ProducerChanges changes) {
    List<ProducerEntry> less = new ArrayList<>();
    for (ProducerEntry entry : changes.entries()) {
      List<ProducerEntry.Batch> batches = entry.batches();
      less.add(
          new ProducerEntry(
              entry.producerId(),
              entry.producerEpoch(),
              entry.coordinatorEpoch(),
              entry.txnFirstOffset(),
              entry.lastAppendMs(),
              batches.subList(0, Math.max(0, batches.size() - 1))));
    }
    return new ProducerChanges(changes.isKnown(), less);
  }

  /** Of the only topic that has a partition 1, so that it is known without its id. */
  private boolean holdsPlainRecords(L0Ref ref) throws IOException {
    ObjectKey key = ref.key(new LaneId(0));
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(bucket.resolve(key.value())));
    return SortedObjectReader.decodeDescription(key, bytes, bytes.limit()).sections().stream()
        .anyMatch(section -> section.partition().partition() == 1);
  }

  /** An edit that all rules of committers allow, and that only the log starts forbid. */
  private static ManifestEdit drop(Manifest manifest, List<L0Ref> l0, List<RunRef> runs) {
    return new DropObjects(manifest.term(), l0, runs, null);
  }

  private Manifest commit(int lane, Function<Manifest, ManifestEdit> edit) {
    return withManifests(lane, manifests -> manifests.commit(edit.apply(manifests.current())));
  }

  private Manifest newestOf(int lane) {
    return withManifests(lane, ManifestStore::refresh);
  }

  private Manifest withManifests(
      int lane, Function<ManifestStore, CompletableFuture<Manifest>> work) {
    ExecutorService pool = NamedThreads.pool("store", 2);
    try (LocalObjectStore store =
            LocalObjectStore.open(
                bucket, new LocalObjectStore.Executors(pool, pool, pool), new Random(1));
        ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test", 1)) {
      ManifestStore manifests =
          new ManifestStore(store, new LaneId(lane), new UUID(1, 1), scheduler);
      Await.result(manifests.open());
      return Await.result(work.apply(manifests));
    } finally {
      pool.shutdown();
    }
  }

  private List<String> keys(String prefix) throws IOException {
    return keys().stream().filter(key -> key.startsWith(prefix)).toList();
  }

  private List<String> keys() throws IOException {
    try (Stream<Path> files = Files.walk(bucket)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> bucket.relativize(file).toString())
          .sorted()
          .toList();
    }
  }
}
