package io.sediment.lsm.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.EncodedObject;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectOptions;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.objectstore.FileRange;
import io.sediment.objectstore.FileRanges;
import io.sediment.objectstore.LocalObjectStore;
import io.sediment.objectstore.ObjectBody;
import io.sediment.runtime.Await;
import io.sediment.runtime.ManualScheduler;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Allowance;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.runtime.Turnstile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Reads of a local store that come as regions of files, beside the same reads in memory. */
class FileReadsTest {
  private static final PartitionId ONE = new PartitionId(new UUID(1, 1), 0);
  private static final PartitionId TWO = new PartitionId(new UUID(1, 1), 1);
  private static final int BATCH_BYTES = 10_000;
  private static final int BATCHES_PER_BLOCK = 4;
  private static final int BATCHES_PER_OBJECT = 20;
  private static final int OBJECTS = 3;
  private static final int END = OBJECTS * BATCHES_PER_OBJECT;

  @TempDir Path root;
  private final ScanCounters counters = new ScanCounters();
  private final List<FileRange> opened = new ArrayList<>();
  private final List<ObjectRef> objects = new ArrayList<>();
  private final List<SortedObject> stored = new ArrayList<>();
  private LocalObjectStore store;
  private RangeScan inFiles;
  private RangeScan inMemory;

  @BeforeEach
  void write() {
    store =
        LocalObjectStore.open(
            root,
            new LocalObjectStore.Executors(Runnable::run, Runnable::run, Runnable::run),
            new Random(1));
    Random random = new Random(2);
    for (int n = 1; n <= OBJECTS; n++) {
      SortedObjectWriter writer =
          new SortedObjectWriter(
              new ObjectIdentity(SortedObjectKind.L0, 1, new LaneId(0), 1, n, new UUID(5, 5)),
              new SortedObjectOptions(BATCHES_PER_BLOCK * BATCH_BYTES, 0));
      for (PartitionId partition : List.of(ONE, TWO)) {
        writer.beginSection(partition);
        for (int i = 0; i < BATCHES_PER_OBJECT; i++) {
          long offset = (n - 1L) * BATCHES_PER_OBJECT + i;
          writer.add(TestBatch.at(offset).size(BATCH_BYTES, random).build());
        }
      }
      EncodedObject encoded = writer.finish();
      SortedObject object = encoded.description();
      Await.result(store.putIfAbsent(object.key(), ObjectBody.of(encoded.body().toByteArray())));
      stored.add(object);
      objects.add(ObjectRef.of(object.identity().lane(), L0Ref.of(object)));
    }
    FileRanges watched =
        (key, range, inspection) ->
            store
                .openRange(key, range, inspection)
                .thenApply(
                    found -> {
                      found.ifPresent(opened::add);
                      return found;
                    });
    inFiles = scan(Optional.of(watched));
    inMemory = scan(Optional.empty());
  }

  private Turnstile turnstile = Turnstile.OPEN;

  private RangeScan scan(Optional<FileRanges> files) {
    MemoryBudget budget =
        new MemoryBudget(
            20 << 20,
            Map.of(
                Share.BLOCK_CACHE, new Allowance(10 << 20, 10 << 20),
                Share.READAHEAD, new Allowance(10 << 20, 10 << 20)));
    IndexCache indexes =
        new IndexCache(
            new SortedObjectReader(store), new DirectoryReader(store), 1 << 20, id -> id, counters);
    return new RangeScan(
        indexes,
        new BlockCache(budget, counters),
        store,
        store,
        files,
        budget,
        Runnable::run,
        counters,
        turnstile);
  }

  @AfterEach
  void everyFileIsClosed() {
    assertThat(opened).noneMatch(file -> file.channel().isOpen());
    store.close();
  }

  @Test
  void aLargeReadIsRegionsOfFilesWithTheSameBytes() throws IOException {
    try (BatchSlices read = read(inFiles, 0, 1 << 20);
        BatchSlices expected = read(inMemory, 0, 1 << 20)) {
      assertThat(read.files()).as("one for each object").hasSize(OBJECTS);
      assertThat(read.nextOffset()).isEqualTo(expected.nextOffset()).isEqualTo(END);
      assertThat(read.sizeInBytes()).isEqualTo(END * BATCH_BYTES);
      assertThat(bytes(read)).isEqualTo(bytes(expected));
    }
  }

  @Test
  void regionsOfFilesArePaidFor() throws IOException {
    turnstile = new Turnstile(new ManualScheduler(), () -> 0, BATCH_BYTES);
    RangeScan limited = scan(Optional.of(store));
    List<ObjectRef> manyMore = new ArrayList<>(objects); // what was read first is not recent
    manyMore.addAll(Collections.nCopies(9, objects.get(OBJECTS - 1)));
    try (BatchSlices read = Await.result(limited.read(manyMore, ONE, 0, 100 << 10, true, END))) {
      assertThat(read.files()).isNotEmpty();
      assertThat(turnstile.isOpen()).isFalse();
    }
  }

  @Test
  void whereTooManyFilesAreOpenReadsGoThroughMemory() throws IOException {
    List<BatchSlices> open = new ArrayList<>();
    for (int files = 0; files + OBJECTS <= FileReads.FILES_OPEN_MAX; files += OBJECTS) {
      open.add(read(inFiles, 0, 1 << 20));
    }
    assertThat(open).allSatisfy(read -> assertThat(read.files()).hasSize(OBJECTS));
    try (BatchSlices oneMore = read(inFiles, 0, 1 << 20)) {
      assertThat(oneMore.files()).isEmpty();
      assertThat(bytes(oneMore)).isEqualTo(bytes(open.get(0)));
    }
    open.remove(0).close();
    open.add(read(inFiles, 0, 1 << 20));
    assertThat(open.get(open.size() - 1).files()).hasSize(OBJECTS);
    open.forEach(BatchSlices::close);
  }

  @Test
  void aReadEndsAtABlockWithinItsLimitAndBound() {
    try (BatchSlices read = read(inFiles, 0, 2 * BATCHES_PER_BLOCK * BATCH_BYTES + 1)) {
      assertThat(read.files()).hasSize(1);
      assertThat(read.nextOffset()).isEqualTo(2 * BATCHES_PER_BLOCK);
    }
    long bound = 3 * BATCHES_PER_BLOCK - 1; // what is not yet readable may end in a block
    try (BatchSlices read = Await.result(inFiles.read(objects, ONE, 0, 1 << 20, true, bound))) {
      assertThat(read.files()).hasSize(1);
      assertThat(read.nextOffset()).isEqualTo(2 * BATCHES_PER_BLOCK);
    }
  }

  @Test
  void aReadFromTheMiddleOfABlockEndsWithItSoThatTheNextOneBeginsAtABlock() {
    try (BatchSlices read = read(inFiles, 1, 1 << 20)) {
      assertThat(read.files()).isEmpty();
      assertThat(read.nextOffset()).isEqualTo(BATCHES_PER_BLOCK);
    }
    try (BatchSlices read = read(inFiles, BATCHES_PER_BLOCK, 1 << 20)) {
      assertThat(read.files()).hasSize(OBJECTS);
      assertThat(read.nextOffset()).isEqualTo(END);
    }
  }

  @Test
  void whatIsSmallComesInMemory() {
    try (BatchSlices read = read(inFiles, 0, 60_000)) {
      assertThat(read.files()).isEmpty();
      assertThat(read.sizeInBytes()).isEqualTo(60_000);
    }
  }

  @Test
  void aDamagedBlockFailsTheReadAndLeavesNoFileOpen() throws IOException {
    SortedObject second = stored.get(1);
    long position = second.sections().get(0).blocks().get(2).position() + 5_000;
    try (RandomAccessFile file =
        new RandomAccessFile(root.resolve(second.key().value()).toFile(), "rw")) {
      file.seek(position);
      int old = file.read();
      file.seek(position);
      file.write(old ^ 4);
    }
    Block damaged = second.sections().get(0).blocks().get(2);
    try (BatchSlices before = read(inFiles, 0, 1 << 20)) {
      assertThat(before.nextOffset()).as("what comes before").isEqualTo(damaged.baseOffset());
    }
    assertThatThrownBy(() -> read(inFiles, damaged.baseOffset(), 1 << 20))
        .isInstanceOf(CorruptObjectException.class)
        .hasMessageContaining(second.key().value());
    try (BatchSlices other = Await.result(inFiles.read(objects, TWO, 0, 1 << 20, true, END))) {
      assertThat(other.nextOffset()).as("another partition is not touched").isEqualTo(END);
    }
  }

  @Test
  void ofAFileThatWasCutShortIsReadWhatIsThere() throws IOException {
    SortedObject second = stored.get(1);
    Block cut = second.sections().get(0).blocks().get(2);
    try (BatchSlices known = read(inFiles, 0, 1 << 20)) { // its index is cached now
      assertThat(known.files()).hasSize(OBJECTS);
    }
    try (RandomAccessFile file =
        new RandomAccessFile(root.resolve(second.key().value()).toFile(), "rw")) {
      file.setLength(cut.position() + 5_000);
    }
    try (BatchSlices before = read(inFiles, 0, 1 << 20)) {
      assertThat(before.nextOffset()).isEqualTo(cut.baseOffset());
    }
    assertThatThrownBy(() -> read(inFiles, cut.baseOffset(), 1 << 20))
        .isInstanceOf(CorruptObjectException.class)
        .hasMessageContaining(second.key().value());
  }

  @Test
  void anObjectThatIsGoneFailsTheReadAndLeavesNoFileOpen() {
    try (BatchSlices known = read(inFiles, 0, 1 << 20)) { // its index is cached now
      assertThat(known.files()).hasSize(OBJECTS);
    }
    Await.result(store.delete(List.of(stored.get(2).key())));
    assertThatThrownBy(() -> read(inFiles, 0, 1 << 20))
        .isInstanceOf(ObjectGoneException.class)
        .hasMessageContaining(stored.get(2).key().value());
  }

  private BatchSlices read(RangeScan scan, long offset, int maxBytes) {
    return Await.result(scan.read(objects, ONE, offset, maxBytes, true, END));
  }

  private static byte[] bytes(BatchSlices slices) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(slices.sizeInBytes());
    for (ByteBuffer part : slices.loaded()) {
      all.put(part.duplicate());
    }
    return all.array();
  }
}
