package io.sediment.lsm.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.LaneWorld.Appended;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.CompactorTerm;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.scan.OldestBlocks;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.StoreOp;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoredLaneTest {
  private static final LaneId NEXT_LANE = new LaneId(3);
  private static final long NEXT_INCARNATION = LaneWorld.INCARNATION + 1;
  private static final int PARTITIONS = 3;

  /** A broker of the next incarnation, with a lane of its own. */
  private static final class Successor {
    final LaneWorld world;
    final LaneEnvironment environment;
    final Lane lane;

    Successor(LaneWorld world) {
      this.world = world;
      environment = environmentOf(world, "successor");
      world.await(
          Lane.seal(environment, LaneWorld.smallConfig(), LaneWorld.LANE, NEXT_INCARNATION, 2),
          "sealed");
      lane = world.await(openNext(environment, 1), "open");
    }

    StoredLane sealed() {
      return world.await(lane.storedLane(LaneWorld.LANE, LaneWorld.partition(0), 0), "view");
    }
  }

  private static LaneEnvironment environmentOf(LaneWorld world, String name) {
    return LaneWorld.environment(
        world.bucket,
        world.simulation.process(name),
        NEXT_INCARNATION,
        LaneWorld.budget(1 << 20, 1 << 20));
  }

  private static CompletableFuture<Lane> openNext(LaneEnvironment environment, long epoch) {
    return Lane.open(
        environment,
        LaneWorld.smallConfig(),
        NEXT_LANE,
        NEXT_INCARNATION,
        epoch,
        FlushListener.NONE);
  }

  /** Some of it flushed, some only in the write-ahead log. */
  private static LaneWorld worldOfTheDead(long seed) {
    LaneWorld world = new LaneWorld(seed, FaultPlan.none());
    Broker broker = world.broker("dead");
    for (int i = 0; i < 120; i++) {
      broker.append(i % PARTITIONS, 1000, 1 + i % 4, world.random.nextInt(1000));
      if (i == 70) {
        world.await(broker.lane().flush(), "flushed");
      }
    }
    broker.untilAllDurable();
    broker.crash();
    return world;
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3})
  void aSealedLaneIsReadThroughTheOpenOne(long seed) {
    LaneWorld world = worldOfTheDead(seed);
    StoredLane sealed = new Successor(world).sealed();
    world.model.forEach(
        (partition, log) -> {
          assertThat(read(world, sealed, partition, 0, 5000)).isEqualTo(bytes(log));
          assertThat(read(world, sealed, partition, 0, 1)).isEqualTo(bytes(log));
          long end = log.get(log.size() - 1).nextOffset();
          assertThat(sealed.endOffset(partition)).isEqualTo(end);
          assertThat(world.await(sealed.read(partition, end, 1, true, end + 9), "end").isEmpty())
              .isTrue();
        });
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3})
  void itIsSearchedByTime(long seed) {
    LaneWorld world = worldOfTheDead(seed);
    StoredLane sealed = new Successor(world).sealed();
    world.model.forEach(
        (partition, log) -> {
          long end = log.get(log.size() - 1).nextOffset();
          for (int i = 0; i < 20; i++) {
            long timestamp = world.random.nextInt(1100);
            long from = world.random.nextInt((int) end);
            OptionalLong expected =
                log.stream()
                    .filter(it -> it.nextOffset() > from && it.timestamp() >= timestamp)
                    .mapToLong(it -> Math.max(from, it.baseOffset()))
                    .findFirst();
            assertThat(
                    world.await(
                        sealed.batchForTimestamp(partition, timestamp, from, end), "search"))
                .as("timestamp=%s from=%s", timestamp, from)
                .isEqualTo(expected);
          }
        });
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3})
  void itKnowsItsProducers(long seed) {
    LaneWorld world = worldOfTheDead(seed);
    StoredLane sealed = new Successor(world).sealed();
    world.model.forEach((partition, log) -> assertKnowsProducers(world, sealed, partition, log));
  }

  private static void assertKnowsProducers(
      LaneWorld world, StoredLane sealed, PartitionId partition, List<Appended> log) {
    Map<Long, Integer> expected = new TreeMap<>();
    for (Appended batch : log) {
      long producer = RecordBatchLayout.producerId(batch.bytes(), 0);
      if (producer >= 0) {
        expected.put(producer, RecordBatchLayout.lastSequence(batch.bytes(), 0));
      }
    }
    Map<Long, Integer> actual = new TreeMap<>();
    for (ProducerEntry entry : world.await(sealed.producers(partition), "producers").entries()) {
      List<ProducerEntry.Batch> batches = entry.batches();
      actual.put(entry.producerId(), batches.get(batches.size() - 1).lastSequence());
    }
    assertThat(actual).isEqualTo(expected);
  }

  /** A lane has thousands of objects when it is sealed, and its producers are waiting. */
  @Test
  void whatItsLogSaysOfProducersIsReadWithTheTable() {
    LaneWorld world = new LaneWorld(7, FaultPlan.none());
    Broker broker = world.broker("dead");
    for (int i = 0; i < 120; i++) {
      broker.append(i % PARTITIONS, 200, 1, i, true);
      broker.untilAllDurable(); // a WAL object each
      if (i == 10) {
        world.await(broker.lane().flush(), "flushed");
      }
    }
    broker.crash();
    StoredLane sealed = new Successor(world).sealed();
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).hasSizeGreaterThan(100);
    long gets = world.bucket.bill().requests(StoreOp.GET);
    world.model.forEach((partition, log) -> assertKnowsProducers(world, sealed, partition, log));
    assertThat(world.bucket.bill().requests(StoreOp.GET) - gets)
        .as("to read what was flushed, once for all partitions")
        .isLessThanOrEqualTo(2);
  }

  /** Nothing is known of them here any more, so lanes before this one may know more. */
  @Test
  void producersInAnObjectThatIsLostAreNotAll() {
    LaneWorld world = new LaneWorld(8, FaultPlan.none());
    Broker broker = world.broker("one");
    PartitionId partition = LaneWorld.partition(0);
    world.await(broker.partition(0).inheritProducers(List.of()), "inherited");
    broker.append(0, 200, 1, 1, true);
    long end = leave(world, broker, partition);
    Reader reader = new Reader(world);
    assertThat(world.await(reader.upTo(partition, end).producers(partition), "producers"))
        .satisfies(known -> assertThat(known.isInherited()).isTrue())
        .satisfies(known -> assertThat(known.entries()).hasSize(1));

    broker.crash();
    world.damageFooter(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0().get(0));
    Broker next = world.broker("two");
    world.await(next.lane().reclaim(Map.of(partition, end), Set.of()), "reclaimed");
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).isEmpty();
    Reader later = new Reader(world, 2);
    assertThat(world.await(later.upTo(partition, end).producers(partition), "producers"))
        .satisfies(known -> assertThat(known.isInherited()).isFalse())
        .satisfies(known -> assertThat(known.entries()).isEmpty());
  }

  @Test
  void itsOldestBlocksAreFoundUpToABound() {
    LaneWorld world = new LaneWorld(6, FaultPlan.none());
    Broker broker = world.broker("dead");
    for (int i = 0; i < 30; i++) { // a block each ten
      broker.append(0, 1000, 1, i, false);
      if (i % 10 == 9) {
        world.await(broker.lane().flush(), "flushed");
      }
    }
    broker.untilAllDurable();
    broker.crash();
    StoredLane sealed = new Successor(world).sealed();
    PartitionId partition = LaneWorld.partition(0);
    assertThat(world.await(sealed.olderThan(partition, 0, 30, 25), "older"))
        .isEqualTo(new OldestBlocks(20, 20_000, false));
    assertThat(world.await(sealed.olderThan(partition, 5, 30, 30), "older"))
        .isEqualTo(new OldestBlocks(30, 30_000, true));
    assertThat(world.await(sealed.olderThan(partition, 0, 20, 30), "older"))
        .as("what lies at the bound belongs to another part")
        .isEqualTo(new OldestBlocks(20, 20_000, true));
    assertThat(world.await(sealed.oldest(partition, 0, 30, 19_999), "oldest"))
        .isEqualTo(new OldestBlocks(10, 10_000, false));
    assertThat(world.await(sealed.oldest(partition, 0, 31, Long.MAX_VALUE), "oldest"))
        .as("a part that ends beyond what is known")
        .isEqualTo(new OldestBlocks(0, 0, false));
  }

  @Test
  void whatCompactionTookAwayIsNotCountedAnyMore() {
    LaneWorld world = new LaneWorld(7, FaultPlan.none());
    Broker broker = world.broker("dead");
    for (int i = 0; i < 30; i++) {
      broker.append(0, 1000, 1, i, false);
      if (i % 10 == 9) {
        world.await(broker.lane().flush(), "flushed");
      }
    }
    broker.untilAllDurable();
    broker.crash();
    StoredLane sealed = new Successor(world).sealed();
    PartitionId partition = LaneWorld.partition(0);
    OldestBlocks all = world.await(sealed.oldest(partition, 0, 30, Long.MAX_VALUE), "oldest");
    assertThat(all.bytes()).isEqualTo(30_000);

    SimScheduler compactor = world.simulation.process("compactor");
    UUID id = new UUID(9, 9);
    ManifestStore manifests =
        new ManifestStore(world.bucket.forProcess(compactor), LaneWorld.LANE, id, compactor);
    world.await(manifests.open(), "open");
    Manifest claimed =
        world.await(
            manifests.commit(new ManifestEdit.ClaimCompactor(NEXT_INCARNATION, id)), "claimed");
    CompactorTerm term = new CompactorTerm(NEXT_INCARNATION, claimed.level1().compactorEpoch(), id);
    world.await(
        manifests.commit(
            new ManifestEdit.ReplaceWithRuns(
                term,
                List.of(),
                claimed.l0().subList(0, 1),
                List.of(),
                claimed.level1().lowMark())),
        "committed");

    OldestBlocks left = world.await(sealed.oldest(partition, 0, 30, Long.MAX_VALUE), "oldest");
    assertThat(left.bytes()).isEqualTo(20_000);
  }

  @Test
  void itIsOpenedOnceAndWhatIsCachedCostsNoGet() {
    LaneWorld world = worldOfTheDead(4);
    Successor successor = new Successor(world);
    StoredLane sealed = successor.sealed();
    world.model.forEach((partition, log) -> read(world, sealed, partition, 0, 5000));
    long gets = world.bucket.bill().requests(StoreOp.GET);
    assertThat(successor.sealed()).isSameAs(sealed);
    world.model.forEach((partition, log) -> read(world, sealed, partition, 0, 5000));
    assertThat(world.bucket.bill().requests(StoreOp.GET)).isEqualTo(gets);
  }

  @Test
  void aLaneThatNobodyEverOpenedHoldsNothing() {
    LaneWorld world = new LaneWorld(5, FaultPlan.none());
    StoredLane sealed = new Successor(world).sealed();
    PartitionId partition = LaneWorld.partition(0);
    assertThat(sealed.endOffset(partition)).isZero();
    assertThat(sealed.sizeBytes(partition)).isZero();
    assertThat(world.await(sealed.read(partition, 0, 100, true, 100), "read").isEmpty()).isTrue();
    assertThat(world.await(sealed.producers(partition), "producers").entries()).isEmpty();
  }

  /** As a handoff does: acknowledged, closed, flushed. */
  private static long leave(LaneWorld world, Broker broker, PartitionId partition) {
    broker.untilAllDurable();
    long end = world.await(broker.lane().closePartition(partition), "closed");
    world.await(broker.lane().flush(), "flushed");
    return end;
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void aPartitionThatWasLedElsewhereComesBackToItsLane(long seed) {
    LaneWorld world = new LaneWorld(seed, FaultPlan.none());
    Broker broker = world.broker("broker");
    PartitionId partition = LaneWorld.partition(0);
    for (int i = 0; i < 40; i++) {
      broker.append(i % PARTITIONS, 1000, 1 + i % 4, i);
    }
    long left = leave(world, broker, partition);
    long back = left + 100;
    List<ByteBuffer> before = bytes(world.model.get(partition));
    broker.comeBack(0, 7, back);
    for (int i = 0; i < 40; i++) {
      broker.append(i % PARTITIONS, 1000, 1 + i % 4, i);
    }
    broker.untilAllDurable();
    if (seed % 2 == 0) {
      world.await(broker.lane().flush(), "flushed"); // else the log is adopted with the gap in it
    }
    List<Appended> log = world.model.get(partition);
    assertThat(log.get(before.size()).baseOffset()).isEqualTo(back);
    broker.assertReads(0, back, 2000);
    broker.crash();

    Broker next = world.openBroker("next");
    long end = log.get(log.size() - 1).nextOffset();
    assertThat(next.lane().endOffsets()).containsEntry(partition, end);
    StoredLane stored =
        world.await(next.lane().storedLane(LaneWorld.LANE, partition, left), "view");
    assertThat(read(world, stored, partition, 0, left, 5000)).isEqualTo(before);
    assertThat(read(world, stored, partition, back, end, 5000))
        .isEqualTo(bytes(log.subList(before.size(), log.size())));
    assertThat(world.await(stored.oldest(partition, 0, left, Long.MAX_VALUE), "oldest"))
        .isEqualTo(
            new OldestBlocks(left, before.stream().mapToLong(ByteBuffer::remaining).sum(), true));
  }

  @Test
  void aPartitionDoesNotComeBackAboveWhatIsNotFlushed() {
    LaneWorld world = new LaneWorld(1, FaultPlan.none());
    Broker broker = world.broker("broker");
    PartitionId partition = LaneWorld.partition(0);
    broker.append(0, 1000, 3, 1);
    broker.untilAllDurable();
    world.await(broker.lane().closePartition(partition), "closed");
    assertThatThrownBy(() -> broker.lane().openPartition(partition, 7, 100, new Heard()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("startOffset=100 endOffset=3");
    assertThat(broker.lane().flushedBefore(partition, 3)).as("it was never away").isDone();
    world.await(broker.lane().flushedBefore(partition, 100), "flushed");
    assertThat(broker.lane().openPartition(partition, 7, 100, new Heard()).endOffset())
        .isEqualTo(100);
  }

  @Test
  void aLaneThatIsStillAppendedToIsReadAsFarAsItHasFlushed() {
    LaneWorld world = new LaneWorld(1, FaultPlan.none());
    Broker broker = world.broker("broker");
    PartitionId partition = LaneWorld.partition(0);
    broker.append(0, 1000, 3, 1, true);
    broker.untilAllDurable();
    world.await(broker.lane().flush(), "flushed");
    Reader reader = new Reader(world);
    StoredLane first = reader.upTo(partition, 3);
    broker.append(0, 1000, 2, 2, true);
    broker.untilAllDurable();
    assertThatThrownBy(() -> reader.upTo(partition, 5))
        .hasCauseInstanceOf(ObjectStoreException.Unavailable.class)
        .hasMessageContaining("is flushed up to 3 only, expected 5");

    CompletableFuture<StoredLane> awaited = reader.lane.storedLane(LaneWorld.LANE, partition, 5);
    leave(world, broker, partition);
    StoredLane second = world.await(awaited, "the view reaches what is flushed meanwhile");
    assertThat(second).isNotSameAs(first);
    assertThat(read(world, second, partition, 0, 5, 5000))
        .isEqualTo(bytes(world.model.get(partition)));
    assertThat(world.await(second.producers(partition), "producers").entries()).isNotEmpty();
    assertThat(reader.upTo(partition, 3)).as("no look at the store").isSameAs(second);
  }

  /** Another process, with a lane of its own, that reads the world's lane. */
  private static final class Reader {
    private final LaneWorld world;
    private final Lane lane;

    Reader(LaneWorld world) {
      this(world, 1);
    }

    Reader(LaneWorld world, long epoch) {
      this.world = world;
      this.lane = world.await(openNext(environmentOf(world, "reader " + epoch), epoch), "open");
    }

    StoredLane upTo(PartitionId partition, long endOffset) {
      return world.await(lane.storedLane(LaneWorld.LANE, partition, endOffset), "view");
    }
  }

  private static List<ByteBuffer> bytes(List<Appended> log) {
    return log.stream().map(Appended::bytes).toList();
  }

  /** All batches from {@code offset} on, read in pieces. */
  private static List<ByteBuffer> read(
      LaneWorld world, StoredLane lane, PartitionId partition, long offset, int maxBytes) {
    return read(world, lane, partition, offset, lane.endOffset(partition), maxBytes);
  }

  private static List<ByteBuffer> read(
      LaneWorld world,
      StoredLane lane,
      PartitionId partition,
      long offset,
      long end,
      int maxBytes) {
    List<ByteBuffer> batches = new ArrayList<>();
    long next = offset;
    while (next < end) {
      try (BatchSlices slices =
          world.await(lane.read(partition, next, maxBytes, true, end), "read")) {
        for (ByteBuffer buffer : slices.buffers()) {
          for (int at = 0; at < buffer.limit(); ) {
            int size = RecordBatchLayout.sizeInBytes(buffer, at);
            ByteBuffer copy = ByteBuffer.allocate(size);
            batches.add(copy.put(buffer.slice(at, size)).flip());
            at += size;
          }
        }
        next = slices.nextOffset();
      }
    }
    return batches;
  }
}
