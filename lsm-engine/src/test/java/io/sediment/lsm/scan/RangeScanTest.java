package io.sediment.lsm.scan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.object.EncodedObject;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectOptions;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Allowance;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.runtime.Turnstile;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** Ten objects; each holds ten batches of 1000 bytes of each of two partitions. */
class RangeScanTest {
  private static final int OBJECTS = 10;
  private static final int OBJECT_BYTES = 20_000;
  private static final PartitionId ONE = new PartitionId(new UUID(1, 1), 1);
  private static final PartitionId TWO = new PartitionId(new UUID(1, 1), 2);

  private final Simulation simulation = new Simulation(3);
  private final SimScheduler process = simulation.process("reader");
  private final SimObjectStore bucket = new SimObjectStore(simulation, FaultPlan.none());
  private final ObjectStore store = bucket.forProcess(process);
  private final ScanCounters counters = new ScanCounters();
  private final List<ObjectRef> objects = new ArrayList<>();
  private Turnstile turnstile = Turnstile.OPEN;
  private MemoryBudget budget = budget(30 * OBJECT_BYTES, 30 * OBJECT_BYTES);
  private BlockCache cache = new BlockCache(budget, counters);
  private RangeScan scan = scan();

  RangeScanTest() {
    SplittableRandom random = new SplittableRandom(1);
    for (int n = 1; n <= OBJECTS; n++) {
      ObjectIdentity identity =
          new ObjectIdentity(SortedObjectKind.L0, 1, new LaneId(0), 1, n, new UUID(5, 5));
      SortedObjectWriter writer =
          new SortedObjectWriter(identity, new SortedObjectOptions(4000, 0));
      for (PartitionId partition : List.of(ONE, TWO)) {
        writer.beginSection(partition);
        for (int i = 0; i < 10; i++) {
          long offset = (n - 1) * 10L + i;
          writer.add(TestBatch.at(offset).maxTimestamp(offset).size(1000, random).build());
        }
      }
      EncodedObject encoded = writer.finish();
      SortedObject object = encoded.description();
      await(store.putIfAbsent(object.key(), ObjectBody.of(encoded.body().toByteArray())));
      objects.add(ObjectRef.of(object.identity().lane(), L0Ref.of(object)));
    }
  }

  private static MemoryBudget budget(long cacheBytes, long readaheadBytes) {
    return new MemoryBudget(
        cacheBytes + readaheadBytes,
        Map.of(
            Share.BLOCK_CACHE, new Allowance(cacheBytes, cacheBytes),
            Share.READAHEAD, new Allowance(readaheadBytes, readaheadBytes)));
  }

  private RangeScan scan() {
    IndexCache indexes =
        new IndexCache(
            new SortedObjectReader(store), new DirectoryReader(store), 1 << 20, id -> id, counters);
    return new RangeScan(
        indexes, cache, store, store, Optional.empty(), budget, process, counters, turnstile);
  }

  private void withMemory(MemoryBudget memory) {
    budget = memory;
    cache = new BlockCache(budget, counters);
    scan = scan();
  }

  private void withBytesPerSecond(int bytes) {
    turnstile = new Turnstile(process, process, bytes);
    scan = scan();
    for (int object = 0; object < OBJECTS; object++) {
      await(read(TWO, 10L * object, 1)).close(); // indexes
    }
    cache.clear();
    simulation.runFor(Duration.ofMinutes(1));
  }

  private <T> T await(CompletableFuture<T> future) {
    return simulation.await(future, Duration.ofHours(1), "done");
  }

  private CompletableFuture<BatchSlices> read(PartitionId partition, long offset, int maxBytes) {
    return scan.read(objects, partition, offset, maxBytes, true, OBJECTS * 10);
  }

  private long gets() {
    return bucket.bill().requests(StoreOp.GET);
  }

  @Test
  void aReadBeginsAndEndsAtBatches() {
    try (BatchSlices slices = await(read(ONE, 13, 4500))) {
      assertThat(slices.sizeInBytes()).isEqualTo(4000);
      assertThat(slices.nextOffset()).isEqualTo(17);
      assertThat(slices.buffers()).as("neighbours are one buffer").hasSize(1);
    }
    try (BatchSlices slices = await(scan.read(objects, ONE, 13, 1 << 20, true, 15))) {
      assertThat(slices.nextOffset()).as("the bound").isEqualTo(15);
    }
    try (BatchSlices slices = await(scan.read(objects, ONE, 13, 10, false, 100))) {
      assertThat(slices.isEmpty()).as("not even one fits").isTrue();
    }
    assertThat(budget.usedBytes(Share.READAHEAD)).isZero();
  }

  @Test
  void whoCatchesUpWaitsForHisTurnAndHoldsNothingMeanwhile() {
    withBytesPerSecond(OBJECT_BYTES);
    long before = simulation.nowNanos();
    List<CompletableFuture<BatchSlices>> reads = new ArrayList<>();
    for (int object = 0; object < 5; object++) {
      reads.add(read(ONE, 10L * object, 10_000));
    }
    simulation.runFor(Duration.ofMillis(900));
    assertThat(reads).filteredOn(CompletableFuture::isDone).as("a second's worth").hasSize(2);
    reads.stream().filter(CompletableFuture::isDone).forEach(read -> read.join().close());
    cache.clear();
    assertThat(budget.usedBytes()).as("of those who wait").isZero();
    for (CompletableFuture<BatchSlices> read : reads) {
      assertThat(await(read).sizeInBytes()).isEqualTo(10_000);
    }
    assertThat((simulation.nowNanos() - before) / 1e9).isBetween(2.5, 4.0);
    reads.forEach(read -> read.join().close());
  }

  @Test
  void whoHoldsSlicesDoesNotWaitForHisTurnNorWhoReadsWhatIsRecent() {
    withBytesPerSecond(OBJECT_BYTES);
    await(read(ONE, 0, 30_000)).close(); // and now nobody may for two seconds
    assertThat(turnstile.isOpen()).isFalse();
    try (BatchSlices slices = await(scan.read(objects, ONE, 40, 10_000, false, 100))) {
      assertThat(slices.isEmpty()).isTrue();
    }
    try (BatchSlices slices = await(read(ONE, 80, 10_000))) {
      assertThat(slices.sizeInBytes()).isEqualTo(10_000);
    }
    assertThat(turnstile.isOpen()).as("all that took no time").isFalse();
  }

  @Test
  void allObjectsOfAReadAreFetchedAtOnce() {
    withMemory(budget(100 * OBJECT_BYTES, 30 * OBJECT_BYTES));
    await(read(ONE, 0, 1)).close(); // indexes
    long before = simulation.nowNanos();
    try (BatchSlices slices = await(read(ONE, 20, 50_000))) {
      assertThat(slices.nextOffset()).isEqualTo(70);
    }
    Duration took = Duration.ofNanos(simulation.nowNanos() - before);
    assertThat(took).as("five objects, one round trip or two").isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void manyReadersShareOneLoad() {
    await(read(ONE, 0, 1)).close();
    long gets = gets();
    List<CompletableFuture<BatchSlices>> reads = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      reads.add(read(i % 2 == 0 ? ONE : TWO, 50 + i % 10, 3000));
    }
    reads.forEach(read -> await(read).close());
    assertThat(gets() - gets).as("one index, its neighbours ahead, one chunk").isLessThan(13);
    assertThat(counters.blockLoads()).isLessThanOrEqualTo(3);
  }

  @Test
  void whoCatchesUpDoesNotEvictWhatTailReadersShare() {
    withMemory(budget(6 * OBJECT_BYTES, 10 * OBJECT_BYTES)); // two objects for each class
    await(read(ONE, 95, 1000)).close();
    for (int round = 0; round < 3; round++) {
      for (long offset = 0; offset < 50; offset += 10) {
        await(read(TWO, offset, 1000)).close();
      }
    }
    long loads = counters.blockLoads();
    await(read(ONE, 95, 1000)).close();
    assertThat(counters.blockLoads()).isEqualTo(loads);
  }

  @Test
  void aSequentialReaderFindsTheNextBlocksOnTheirWay() {
    await(read(ONE, 0, 5000)).close();
    await(read(ONE, 5, 5000)).close(); // sequential: reads ahead from here on
    simulation.runFor(Duration.ofMinutes(1));
    assertThat(cache.aheadBytes()).isPositive();
    long gets = gets();
    await(read(ONE, 10, 20_000)).close();
    assertThat(gets()).isEqualTo(gets);
  }

  @Test
  void readingAheadStopsWhereThereIsNoRoom() {
    withMemory(budget(9 * OBJECT_BYTES, 30 * OBJECT_BYTES)); // three objects ahead
    await(read(ONE, 0, 5000)).close();
    await(read(ONE, 5, 5000)).close();
    simulation.runFor(Duration.ofMinutes(1));
    assertThat(cache.aheadBytes()).isBetween(1L, 3L * OBJECT_BYTES);
    assertThat(counters.readaheadEvictedUnread()).isZero();
  }

  @Test
  void damageOnTheWayIsHealedByReadingAgain() {
    await(read(ONE, 0, 1)).close();
    bucket.script(
        request -> request.op() == StoreOp.GET && request.key().equals(objects.get(5).key()),
        2,
        Fault.CORRUPT_BODY);
    try (BatchSlices slices = await(read(ONE, 50, 3000))) {
      assertThat(slices.nextOffset()).isEqualTo(53);
    }
  }

  @Test
  void damageThatStaysFailsTheReadsOfItsBlockAndNothingIsSkipped() {
    damageSecondBlockOf(5);
    try (BatchSlices slices = await(read(ONE, 45, 10_000))) {
      assertThat(slices.nextOffset()).as("what comes before it").isEqualTo(54);
    }
    try (BatchSlices slices = await(read(ONE, 50, 10_000))) {
      assertThat(slices.nextOffset()).as("what comes before it").isEqualTo(54);
    }
    assertThatThrownBy(() -> await(read(ONE, 54, 1000)))
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(CorruptObjectException.class)
        .hasMessageContaining(objects.get(5).key().value());
    assertThatThrownBy(() -> await(scan.batchForTimestamp(objects, ONE, 55, 0, Long.MAX_VALUE)))
        .hasCauseInstanceOf(CorruptObjectException.class);
    assertThat(budget.usedBytes(Share.READAHEAD)).isZero();
  }

  @Test
  void aDamagedBlockIsInNobodyElsesWay() {
    damageSecondBlockOf(5);
    try (BatchSlices slices = await(read(ONE, 58, 10_000))) {
      assertThat(slices.nextOffset()).as("what comes behind it").isGreaterThan(60);
    }
    try (BatchSlices slices = await(read(TWO, 45, 10_000))) {
      assertThat(slices.nextOffset()).as("another partition").isEqualTo(54);
    }
    assertThat(budget.usedBytes(Share.READAHEAD)).isZero();
  }

  private void damageSecondBlockOf(int object) {
    ObjectKey key = objects.get(object).key();
    byte[] bytes = bucket.peek(key).orElseThrow();
    Section one =
        SortedObjectReader.decodeDescription(key, ByteBuffer.wrap(bytes), bytes.length)
            .sections()
            .get(0);
    bucket.damageNow(key, (int) one.blocks().get(1).position() + 2_000);
  }

  @Test
  void anObjectThatIsGoneIsSaidToBe() {
    bucket.removeNow(objects.get(3).key());
    assertThatThrownBy(() -> await(read(ONE, 35, 1000)))
        .hasCauseInstanceOf(ObjectGoneException.class);
  }

  @Test
  void offsetsBelowTheFirstObjectAreGone() {
    objects.remove(0);
    assertThatThrownBy(() -> await(read(ONE, 5, 1000)))
        .hasCauseInstanceOf(OffsetGoneException.class);
  }

  @Test
  void aHoleBetweenObjectsIsCorruption() {
    objects.remove(4);
    assertThatThrownBy(() -> await(read(ONE, 35, 20_000)))
        .hasCauseInstanceOf(CorruptObjectException.class)
        .hasMessageContaining("expectedOffset=40");
  }

  @Test
  void slicesKeepTheirMemoryUntilTheyAreClosed() {
    withMemory(budget(0, 2 * OBJECT_BYTES)); // no cache: what is read belongs to its readers
    BatchSlices first = await(read(ONE, 0, 1000));
    CompletableFuture<BatchSlices> second = read(ONE, 10, 1000);
    CompletableFuture<BatchSlices> third = read(ONE, 20, 1000);
    simulation.runFor(Duration.ofMinutes(1));
    long waiting = List.of(second, third).stream().filter(read -> !read.isDone()).count();
    assertThat(waiting).as("there is memory for two objects").isEqualTo(1);
    first.close();
    await(CompletableFuture.anyOf(second, third));
    simulation.runFor(Duration.ofMinutes(1));
    List.of(second, third).stream()
        .filter(CompletableFuture::isDone)
        .forEach(read -> read.join().close());
    simulation.runFor(Duration.ofMinutes(1));
    assertThat(second).isDone();
    assertThat(third).isDone();
    second.join().close();
    third.join().close();
    assertThat(budget.usedBytes()).isZero();
  }

  @Test
  void aReaderThatHoldsSlicesIsNotMadeToWaitForMemory() {
    withMemory(budget(0, 2 * OBJECT_BYTES)); // no cache: what is read belongs to its readers
    BatchSlices first = await(read(ONE, 0, 1000));
    BatchSlices second = await(read(ONE, 10, 1000));

    BatchSlices third = await(scan.read(objects, ONE, 20, 1000, false, OBJECTS * 10));
    assertThat(third.isEmpty()).isTrue();

    first.close();
    second.close();
    BatchSlices again = await(scan.read(objects, ONE, 20, 1000, false, OBJECTS * 10));
    assertThat(again.sizeInBytes()).isEqualTo(1000);
    again.close();
    assertThat(budget.usedBytes()).isZero();
  }
}
