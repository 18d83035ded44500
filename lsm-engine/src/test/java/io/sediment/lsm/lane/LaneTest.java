package io.sediment.lsm.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObject;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.StoreOp;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class LaneTest {
  private final LaneWorld world = new LaneWorld(1, FaultPlan.none());

  private static void appendSome(Broker broker, int batches) {
    for (int i = 0; i < batches; i++) {
      broker.append(i % 3, 1000, 1 + i % 4, i);
    }
  }

  @Test
  void whatWasFlushedIsReadBackFromTheStore() {
    Broker broker = world.broker("one");
    appendSome(broker, 30);
    world.await(broker.lane().flush(), "flushed");
    assertThat(broker.flushed).hasSize(1);
    Broker next = world.broker("two");
    world.settle(next);
    next.assertReadsEverything(4000);
    next.assertReadsEverything(1);
  }

  @Test
  void unflushedSlotsAreAdoptedAsTheyAre() {
    Broker broker = world.broker("one");
    appendSome(broker, 10);
    world.await(broker.lane().flush(), "flushed");
    appendSome(broker, 20);
    broker.untilAllDurable();
    broker.crash();

    Broker next = world.broker("two");
    world.settle(next);
    assertThat(next.lane().stats().l0Objects()).isGreaterThan(1);
    next.assertReadsEverything(10_000);
    for (int partition = 0; partition < 3; partition++) {
      next.assertProducers(partition);
    }
    appendSome(next, 10);
    next.untilAllDurable();
    next.crash();

    Broker third = world.broker("three");
    world.settle(third);
    for (int partition = 0; partition < 3; partition++) {
      third.assertProducers(partition);
    }
    appendSome(third, 10);
    world.await(third.lane().flush(), "flushed");
    third.crash();
    Broker fourth = world.broker("four");
    world.settle(fourth);
    fourth.assertReadsEverything(10_000);
    for (int partition = 0; partition < 3; partition++) {
      fourth.assertProducers(partition);
    }
  }

  @Test
  void aProducerIsForgottenADayAfterItsLastBatchWhateverTheAgeOfItsRecords() {
    Duration expiry = Duration.ofDays(1);
    Broker broker = world.broker("one", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    LanePartition partition = broker.partition(0);
    appendOf(1, partition, broker.environment.clock().millis() - Duration.ofDays(3).toMillis());
    world.await(broker.lane().flush(), "flushed");
    appendOf(2, partition, broker.environment.clock().millis());
    world.await(broker.lane().flush(), "flushed");
    assertThat(producersOf(partition)).containsExactlyInAnyOrder(1L, 2L);

    world.simulation.runFor(expiry.plusMinutes(1));
    appendOf(3, partition, broker.environment.clock().millis());
    world.await(broker.lane().flush(), "flushed");
    assertThat(producersOf(partition)).containsExactly(3L);
  }

  private static void appendOf(long producer, LanePartition partition, long timestamp) {
    TestBatch batch = TestBatch.at(0).records(1).maxTimestamp(timestamp).producer(producer, 0, 0);
    partition.append(batch.size(500, new SplittableRandom(producer)).build());
  }

  private List<Long> producersOf(LanePartition partition) {
    return world.await(partition.producers(), "producers").stream()
        .map(ProducerEntry::producerId)
        .toList();
  }

  /**
   * Whoever is not produced to meanwhile is known by what was adopted, for as long as it counts.
   */
  @Test
  void whatAnAdoptedLogSaysOfProducersOutlivesFlushesAndAnotherDeath() {
    Duration expiry = Duration.ofDays(1);
    Broker broker = world.broker("one", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    appendOf(1, broker.partition(0), 0);
    appendOf(1, broker.partition(1), 0);
    broker.untilAllDurable();
    broker.crash();
    Broker next = world.broker("two", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    appendOf(2, next.partition(1), 0);
    world.await(next.lane().flush(), "flushed");
    appendOf(3, next.partition(1), 0);
    next.untilAllDurable();
    next.crash();
    Broker third = world.broker("three", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    world.settle(third);
    long gets = world.bucket.bill().requests(StoreOp.GET);
    assertThat(producersOf(third.partition(0))).containsExactly(1L);
    assertThat(world.bucket.bill().requests(StoreOp.GET)).as("with the table").isEqualTo(gets);
    assertThat(producersOf(third.partition(1))).containsExactly(1L, 2L, 3L);
    third.crash();

    world.simulation.runFor(expiry.plusMinutes(1));
    Broker fourth = world.broker("four", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    appendOf(4, fourth.partition(2), 0);
    world.await(fourth.lane().flush(), "flushed");
    fourth.crash();
    Broker fifth = world.broker("five", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    assertThat(producersOf(fifth.partition(0))).isEmpty();
    assertThat(producersOf(fifth.partition(2))).containsExactly(4L);
  }

  /** What came after a snapshot expires with it, or what is left is a producer of long ago. */
  @Test
  void aProducerIsForgottenWhole() {
    Duration expiry = Duration.ofDays(1);
    Broker broker = world.broker("one", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    appendOf(1, broker.partition(0), 0);
    world.await(broker.lane().flush(), "flushed");
    appendOf(1, broker.partition(0), 0);
    broker.untilAllDurable();
    broker.crash();
    Broker next = world.broker("two", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    assertThat(producersOf(next.partition(0))).containsExactly(1L);
    world.simulation.runFor(expiry.plusMinutes(1));
    appendOf(2, next.partition(1), 0);
    world.await(next.lane().flush(), "flushed");
    next.crash();
    Broker third = world.broker("three", LaneWorld.smallBudget(), LaneWorld.expiring(expiry));
    assertThat(producersOf(third.partition(0))).isEmpty();
    assertThat(producersOf(third.partition(1))).containsExactly(2L);
  }

  @Test
  void oneReadSpansManyObjects() {
    Broker broker =
        world.broker("one", LaneWorld.budget(1 << 20, 4 << 20), LaneWorld.smallConfig());
    for (int flush = 0; flush < 20; flush++) {
      appendSome(broker, 9);
      world.await(broker.lane().flush(), "flushed");
    }
    broker.crash();
    Broker next = world.broker("two", LaneWorld.budget(1 << 20, 4 << 20), LaneWorld.smallConfig());
    world.settle(next);
    try (BatchSlices all =
        world.await(next.partition(0).read(0, 1 << 20, true, Long.MAX_VALUE), "read")) {
      assertThat(all.nextOffset()).isEqualTo(next.partition(0).endOffset());
    }
  }

  @Test
  void tailReadsCostNoGet() {
    Broker broker =
        world.broker("one", LaneWorld.budget(1 << 20, 1 << 20), LaneWorld.smallConfig());
    appendSome(broker, 30);
    world.await(broker.lane().flush(), "flushed");
    appendSome(broker, 30);
    broker.untilAllDurable();
    long gets = world.bucket.bill().requests(StoreOp.GET);
    broker.assertReadsEverything(5000);
    assertThat(world.bucket.bill().requests(StoreOp.GET)).isEqualTo(gets);
  }

  @Test
  void aCachedBlockCostsNoGet() {
    Broker broker = world.broker("one");
    appendSome(broker, 30);
    world.await(broker.lane().close(), "closed");
    Broker next = world.broker("two", LaneWorld.budget(1 << 20, 1 << 20), LaneWorld.smallConfig());
    world.settle(next);
    next.assertReadsEverything(5000);
    long gets = world.bucket.bill().requests(StoreOp.GET);
    next.assertReadsEverything(5000);
    next.assertReadsEverything(500);
    assertThat(world.bucket.bill().requests(StoreOp.GET)).isEqualTo(gets);
    assertThat(next.lane().stats().reads().blockHits()).isPositive();
  }

  @Test
  void anIdleLaneMakesNoRequests() {
    Broker broker = world.broker("one");
    appendSome(broker, 30);
    broker.untilAllDurable();
    world.simulation.runFor(Duration.ofMinutes(5));
    assertThat(broker.flushed).as("flushed for its age").hasSize(1);
    assertThat(world.bucket.keys("lanes/2/wal/")).as("garbage is collected").isEmpty();
    String bill = world.bucket.bill().toString();
    world.simulation.runFor(Duration.ofDays(1));
    assertThat(world.bucket.bill()).hasToString(bill);
  }

  @Test
  void aMemtableIsFlushedWhenItIsFullOrOld() {
    Broker broker = world.broker("one");
    appendSome(broker, 50); // 50 KB, the limit is 48
    world.simulation.runFor(Duration.ofSeconds(20));
    assertThat(broker.flushed).hasSize(1);
    appendSome(broker, 10);
    world.simulation.runFor(Duration.ofSeconds(50));
    assertThat(broker.flushed).hasSize(1);
    world.simulation.runFor(Duration.ofSeconds(20));
    assertThat(broker.flushed).hasSize(2);
  }

  @Test
  void aFlushCostsThreePutsAndOneLookAtTheBoundary() {
    Broker broker = world.broker("one");
    appendSome(broker, 12);
    broker.untilAllDurable();
    long puts = world.puts();
    long gets = world.bucket.bill().requests(StoreOp.GET);
    world.await(broker.lane().flush(), "flushed");
    assertThat(world.puts() - puts).as("object, partition table, manifest").isEqualTo(3);
    assertThat(world.bucket.bill().requests(StoreOp.GET) - gets).isEqualTo(1);
  }

  @Test
  void tenThousandPartitionsAreOneObject() {
    Broker broker =
        world.broker(
            "one",
            LaneWorld.budget(8 << 20, 1 << 20),
            LaneConfig.forBudget(MemoryBudget.forBroker(256 << 20)));
    for (int partition = 0; partition < 10_000; partition++) {
      broker.append(partition, 100, 1, partition);
    }
    broker.untilAllDurable();
    long puts = world.puts();
    world.await(broker.lane().flush(), "flushed");
    assertThat(world.puts() - puts).isEqualTo(3);
    assertThat(broker.flushed.get(0).sections()).hasSize(10_000);
    broker.crash();
    Broker next = world.broker("two");
    assertThat(next.lane().endOffsets()).hasSize(10_000);
    next.assertReads(7777, 0, 1000);
  }

  @Test
  void aFencedZombieNeitherCommitsNorAcknowledges() {
    Broker zombie = world.broker("zombie");
    appendSome(zombie, 10);
    zombie.untilAllDurable();
    zombie.noteAcked();
    zombie.process.pause();
    Broker next = world.broker("next");
    world.settle(next);
    zombie.process.resume();
    long acked = zombie.partition(0).durableOffset();
    zombie.partition(0).append(zombieBatch());
    world.simulation.runUntil(
        () -> zombie.heard.get(LaneWorld.partition(0)).isHalted(),
        LaneWorld.PATIENCE,
        "the zombie has noticed");
    assertThat(zombie.partition(0).durableOffset()).isEqualTo(acked);
    assertThat(zombie.flushed).isEmpty();
    next.assertReadsEverything(5000);
  }

  private static ByteBuffer zombieBatch() {
    return TestBatch.at(0).records(1).build();
  }

  @Test
  void aZombieThatFlushesIsStoppedByTheManifest() {
    Broker zombie = world.broker("zombie");
    appendSome(zombie, 10);
    zombie.untilAllDurable();
    zombie.noteAcked();
    zombie.process.pause();
    Broker next = world.broker("next");
    world.settle(next);
    int l0 = next.lane().stats().l0Objects();
    zombie.process.resume();
    var flush = zombie.lane().flush();
    assertThatThrownBy(() -> world.await(flush, "flush ends"))
        .hasCauseInstanceOf(LaneFencedException.class);
    world.simulation.runUntil(
        () -> zombie.heard.get(LaneWorld.partition(0)).isHalted(),
        LaneWorld.PATIENCE,
        "the zombie has noticed");
    world.await(next.lane().flush(), "nothing to flush");
    assertThat(next.lane().stats().l0Objects()).isEqualTo(l0);
    next.assertReadsEverything(5000);
  }

  @Test
  void anEpochThatWasOvertakenCannotBeOpened() {
    Broker late = world.broker("late");
    late.process.pause();
    Broker next = world.broker("next");
    next.lane();
    late.process.resume();
    assertThatThrownBy(late::lane).hasCauseInstanceOf(LaneFencedException.class);
  }

  /** A log of which somebody deletes an object while it is sealed. */
  private final class SealThatMisses implements WriteAheadLogs {
    final CompletableFuture<List<SortedObject>> log = new CompletableFuture<>();
    final CompletableFuture<Map<PartitionId, Lane.SealedEnd>> outcome;
    private boolean begun;

    SealThatMisses(long epoch) {
      outcome = LaneTest.this.seal("late", logs -> this, epoch);
      world.simulation.runUntil(() -> begun, LaneWorld.PATIENCE, "the log is being sealed");
    }

    @Override
    public WriteAheadLog open(LaneId lane, long epoch, WriteAheadLog.Listener listener) {
      throw new IllegalStateException("is only sealed");
    }

    @Override
    public CompletableFuture<List<SortedObject>> seal(
        LaneId lane, WalSlot replayAfter, long newEpoch) {
      begun = true;
      return log;
    }
  }

  private CompletableFuture<Map<PartitionId, Lane.SealedEnd>> seal(
      String name, UnaryOperator<WriteAheadLogs> logs, long epoch) {
    var process = world.simulation.process(name);
    var store = world.bucket.forProcess(process);
    LaneEnvironment environment =
        new LaneEnvironment(
            store,
            store,
            logs.apply(new SerialWriteAheadLogs(store, process, process.random(), 1, 8 << 10)),
            process,
            process,
            process,
            process.random(),
            LaneWorld.smallBudget());
    return Lane.seal(environment, LaneWorld.smallConfig(), LaneWorld.LANE, 1, epoch);
  }

  @Test
  void aSealThatMissesSomethingOfTheLogFails() {
    SealThatMisses seal = new SealThatMisses(5);
    seal.log.completeExceptionally(new CorruptObjectException("wal object is missing"));
    assertThatThrownBy(() -> world.await(seal.outcome, "the seal"))
        .hasCauseInstanceOf(CorruptObjectException.class);
  }

  /** Then what it misses was collected, perhaps. */
  @Test
  void aSealThatMissesSomethingIsFencedWhereTheLaneIsSomebodyElses() {
    SealThatMisses seal = new SealThatMisses(5);
    world.await(seal("overtakes", logs -> logs, 9), "sealed");
    seal.log.completeExceptionally(new CorruptObjectException("wal object is missing"));
    assertThatThrownBy(() -> world.await(seal.outcome, "the seal"))
        .hasCauseInstanceOf(LaneFencedException.class);
  }

  @Test
  void aDeadBrokersLaneIsSealedWithoutBeingOpened() {
    Broker dead = world.broker("dead");
    appendSome(dead, 10);
    dead.untilAllDurable();
    dead.crash();
    Map<PartitionId, Lane.SealedEnd> ends = world.await(seal("sealer", logs -> logs, 9), "sealed");
    assertThat(ends).hasSize(3);
    world.model.forEach(
        (id, log) ->
            assertThat(ends.get(id))
                .isEqualTo(new Lane.SealedEnd(log.get(log.size() - 1).nextOffset(), 1)));
  }

  @Test
  void closingLeavesNothingToAdoptAndNoMemory() {
    Broker broker = world.broker("one");
    appendSome(broker, 100);
    world.await(broker.lane().close(), "closed");
    assertThat(broker.budget.usedBytes()).isZero();
    broker.crash();
    Broker next = world.broker("two");
    world.settle(next);
    assertThat(world.simulation.await(next.opening, LaneWorld.PATIENCE, "open").stats().l0Objects())
        .isEqualTo(broker.flushed.size());
    next.assertReadsEverything(3000);
  }
}
