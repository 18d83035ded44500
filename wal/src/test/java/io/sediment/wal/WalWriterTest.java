package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.PutResult;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.StoreOp;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WalWriterTest {
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
  private static final Duration NOW = Duration.ZERO;

  /** As on a priced store, but soon full. */
  private static final WalProfile SMALL =
      new WalProfile(
          "small",
          Duration.ofMillis(40),
          Duration.ofMillis(40),
          Duration.ZERO,
          100_000,
          4,
          0,
          true);

  private WalWorld world = new WalWorld(1);
  private WalWorld.Broker broker = world.broker("broker");
  private WalWriter log = broker.open(5);
  private TestAppender appender = new TestAppender(log, 1);

  private void start(WalProfile profile, FaultPlan faults) {
    world = new WalWorld(1, faults);
    broker = world.broker("broker", profile);
    log = broker.open(5);
    appender = new TestAppender(log, 1);
  }

  @AfterEach
  void toldInOrder() {
    assertThat(broker.acks.complaints()).isEmpty();
    world.assertStored(appender, broker.acks.acked());
  }

  private void untilAcked(int slots) {
    world.until(slots + " slots acked", () -> broker.acks.acked().size() >= slots);
  }

  private LaneHaltedException untilHalted() {
    world.until("halted", () -> broker.acks.halted() != null);
    LaneHaltedException cause = broker.acks.halted();
    if (cause == null) {
      throw new AssertionError("not halted");
    }
    return cause;
  }

  // -- when and what ----------------------------------------------------------------------------

  @Test
  void anIdleLogPutsNothing() {
    world.simulation.runFor(Duration.ofHours(1));

    assertThat(world.putCount()).isZero();
    assertThat(log.cut()).isEqualTo(new WalSlot(5, 0));
  }

  @Test
  void theFirstBatchOfAnIdleLogWaitsForItsBurstOnly() {
    appender.append(0, 1000);
    world.simulation.runFor(Duration.ofMillis(3));
    appender.append(1, 1000);
    untilAcked(1);

    assertThat(broker.metrics.queueNanos.get(0)).isBetween(5 * MILLI, 6 * MILLI);
    assertThat(world.putCount()).isEqualTo(1);
    assertThat(log.unackedBytes()).isZero();
    assertThat(appender.slabsHeld()).isZero();
  }

  @Test
  void oneFlushIsAtMostOnePutWhateverTheNumberOfPartitions() {
    for (int i = 0; i < 10_000; i++) {
      appender.append(new PartitionId(new UUID(i % 100, 0), i / 100), 100, null);
    }
    untilAcked(1);

    assertThat(world.putCount()).isEqualTo(1);
    assertThat(broker.metrics.flushes).isEqualTo(1);
    assertThat(world.describe(world.key(5, 1)).sections()).hasSize(10_000);
  }

  @Test
  void sectionsAreInPartitionOrderWhateverTheOrderOfAppends() {
    for (int round = 0; round < 3; round++) {
      for (int partition = 9; partition >= 0; partition--) {
        appender.append(partition, 200 + partition);
      }
    }
    untilAcked(1);

    SortedObject object = world.describe(world.key(5, 1));
    assertThat(object.sections()).hasSize(10).allMatch(s -> s.baseOffset() == 0);
    assertThat(object.sections()).extracting(Section::nextOffset).containsOnly(9L);
    assertThat(object.sections()).extracting(Section::partition).isSorted();
  }

  @Test
  void theFooterCarriesWhatTheBatchesDidToTheirProducers() {
    for (int i = 0; i < 7; i++) {
      appender.append(0, 100, 42, 3 * i);
      appender.append(0, 100, 41, 3 * i);
    }
    appender.append(1, 100);
    untilAcked(1);

    List<Section> sections = world.describe(world.key(5, 1)).sections();
    assertThat(sections).hasSize(2);
    Section withProducers = sections.get(1);
    assertThat(sections.get(0).producers()).isEmpty();
    assertThat(withProducers.producers())
        .extracting(ProducerEntry::producerId)
        .containsExactly(41L, 42L);
    assertThat(withProducers.producers().get(1).batches())
        .extracting(ProducerEntry.Batch::firstSequence)
        .containsExactly(6, 9, 12, 15, 18);
  }

  @Test
  void whatComesWithinSpacingGoesTogether() {
    appender.append(0, 1000);
    untilAcked(1);
    world.simulation.runFor(Duration.ofSeconds(1));
    for (int i = 0; i < 30; i++) {
      appender.append(i, 1000);
      world.simulation.runFor(Duration.ofMillis(4));
    }
    untilAcked(4);

    assertThat(log.cut().seq()).isBetween(4L, 5L); // 120 ms of appends, 40 ms apart
  }

  @Test
  void aFullObjectDoesNotWaitAndAtMostFourAreInFlight() {
    start(SMALL, FaultPlan.none());
    int max = SMALL.objectBytesMax();
    for (int i = 0; i < 10; i++) {
      appender.append(i, max);
    }
    untilAcked(4);
    assertThat(broker.metrics.queueNanos.subList(0, 4)).allMatch(nanos -> nanos < MILLI);
    untilAcked(10);

    assertThat(broker.metrics.inFlightMax).isEqualTo(4);
    assertThat(broker.metrics.inFlight).isZero();
    assertThat(world.putCount()).isEqualTo(10);
  }

  @Test
  void aBatchLargerThanAnObjectGetsAnObjectOfItsOwn() {
    start(SMALL, FaultPlan.none());
    int max = SMALL.objectBytesMax();
    WalSlot before = appender.append(0, 1000);
    WalSlot large = appender.append(1, max + 1);
    WalSlot after = appender.append(2, 1000);
    untilAcked(3);

    assertThat(List.of(before, large, after))
        .containsExactly(new WalSlot(5, 1), new WalSlot(5, 2), new WalSlot(5, 3));
    assertThat(world.describe(world.key(5, 2)).sections()).hasSize(1);
  }

  @Test
  void aCutPutsWhatFollowsIntoALaterSlot() {
    WalSlot first = appender.append(0, 1000);

    assertThat(log.cut()).isEqualTo(first);
    assertThat(log.cut()).isEqualTo(first);
    assertThat(appender.append(0, 1000)).isEqualTo(first.next());
    untilAcked(2);
  }

  @Test
  void whatSomebodyHasWaitedForDoesNotWaitForSpacing() {
    appender.append(0, 1000);
    world.simulation.runFor(Duration.ofMillis(6));
    appender.append(0, 1000);
    world.simulation.runFor(Duration.ofMillis(1)); // the timer of the spacing is set
    log.hurry();
    log.hurry();
    appender.append(1, 1000); // goes with it
    world.simulation.runFor(Duration.ofMillis(6));
    appender.append(0, 1000);
    untilAcked(3);
    assertThat(world.describe(world.key(5, 2)).sections()).hasSize(2);
    assertThat(broker.metrics.queueNanos.get(1)).isLessThanOrEqualTo(7 * MILLI);
    assertThat(broker.metrics.queueNanos.get(2)).isGreaterThan(20 * MILLI);
    log.hurry();
    assertThat(log.cut().seq()).as("nothing is open").isEqualTo(3);
  }

  @Test
  void spacingRisesWhileObjectsAreMostlyFooter() {
    for (int i = 0; i < 1_000; i++) {
      appender.append(i % 100, TestBatches.SIZE_MIN);
      world.simulation.runFor(Duration.ofMillis(10));
    }

    long forTenSeconds = 10_000 / 250;
    assertThat(log.cut().seq()).isBetween(forTenSeconds, forTenSeconds * 5 / 4);
  }

  @Test
  void aLogOnAStoreWithoutPricesFlushesWheneverAPutReturns() {
    start(WalProfile.LOCAL, FaultPlan.none().withLatency(2, 4));
    for (int i = 0; i < 200; i++) {
      appender.append(i, 1000);
      world.simulation.runFor(Duration.ofMillis(1));
    }

    assertThat(log.cut().seq()).isGreaterThan(40);
    assertThat(broker.metrics.hedgesSent).isZero();
    world.until("all acked", () -> log.unackedBytes() == 0);
  }

  @Test
  void unackedBytesAreThoseOfSlotsNotYetAcknowledged() {
    appender.append(0, 1000);
    appender.append(1, 500);
    assertThat(log.unackedBytes()).isEqualTo(1500);
    log.cut();
    appender.append(0, 200);
    assertThat(log.unackedBytes()).isEqualTo(1700);
    untilAcked(1);
    assertThat(log.unackedBytes()).isEqualTo(200);
    untilAcked(2);

    assertThat(log.unackedBytes()).isZero();
  }

  // -- order --------------------------------------------------------------------------------------

  @Test
  void putsThatReturnOutOfOrderAreAcknowledgedInOrder() {
    world.bucket.script(world.puts(5, 1), Fault.SLOW, Duration.ofSeconds(9), NOW, NOW);
    for (int i = 0; i < 4; i++) {
      appender.append(i, 1000);
      log.cut();
    }
    world.simulation.runFor(Duration.ofSeconds(8));

    assertThat(world.bucket.keys("lanes/")).doesNotContain(world.key(5, 1)).hasSize(3);
    assertThat(broker.acks.acked()).isEmpty();
    assertThat(log.unackedBytes()).isEqualTo(4000);

    untilAcked(4);
    assertThat(broker.metrics.orderNanos.get(0)).isLessThan(MILLI);
    assertThat(broker.metrics.orderNanos.get(1)).isGreaterThan(5_000 * MILLI);
  }

  @Test
  void whileOneSlotIsStuckTheOthersGoOnUnacknowledged() {
    world.bucket.script(world.puts(5, 1), Fault.SLOW, Duration.ofSeconds(60), NOW, NOW);
    for (int i = 0; i < 20; i++) {
      appender.append(i, 1000);
      world.simulation.runFor(Duration.ofSeconds(1));
    }

    assertThat(world.bucket.keys("lanes/")).hasSize(19);
    assertThat(broker.acks.acked()).isEmpty();
    untilAcked(20);
  }

  // -- doubt
  // ----------------------------------------------------------------------------------------

  @Test
  void aLostAnswerIsFoundOutByReadingTheSlot() {
    world.bucket.script(world.puts(5, 1), 1, Fault.LOST_ANSWER);
    appender.append(0, 1000);
    untilAcked(1);

    assertThat(world.putCount()).isEqualTo(1);
    assertThat(broker.metrics.resolutions).containsExactly(Map.entry("UNAVAILABLE OURS", 1));
  }

  @Test
  void anAnswerThatOurOwnDuplicateSpoiledIsSuccess() {
    world.bucket.script(world.puts(5, 1), 1, Fault.ANSWERED_BY_DUPLICATE);
    appender.append(0, 1000);
    untilAcked(1);

    assertThat(broker.metrics.resolutions)
        .containsExactly(Map.entry("PRECONDITION_FAILED OURS", 1));
  }

  @Test
  void anEarlierAttemptThatArrivesAfterTheReadIsSuccess() {
    // Fails after 1 s, is read back as absent, and lands before the retry does.
    world.bucket.script(
        world.puts(5, 1), Fault.LATE_LANDING, Duration.ofMillis(1_200), Duration.ofSeconds(1), NOW);
    world.bucket.script(world.puts(5, 1), Fault.SLOW, Duration.ofSeconds(3), NOW, NOW);
    appender.append(0, 1000);
    untilAcked(1);

    assertThat(broker.metrics.resolutions)
        .containsOnlyKeys("UNAVAILABLE ABSENT", "PRECONDITION_FAILED OURS");
    assertThat(appender.slabsHeld()).isZero();
  }

  @Test
  void anEarlierAttemptThatArrivesAfterTheAckChangesNothing() {
    world.bucket.script(
        world.puts(5, 1), Fault.LATE_LANDING, Duration.ofMinutes(9), Duration.ofSeconds(1), NOW);
    appender.append(0, 1000);
    untilAcked(1);
    world.simulation.runFor(Duration.ofMinutes(10));

    assertThat(broker.acks.acked()).hasSize(1);
    assertThat(broker.acks.halted()).isNull();
  }

  @Test
  void aSlotIsTriedUntilTheStoreComesBackAndKeepsItsNumberAndItsBytes() {
    world.bucket.script(request -> true, 200, Fault.FAIL_BEFORE);
    appender.append(0, 1000);
    log.cut();
    appender.append(1, 1000);
    untilAcked(2);

    assertThat(broker.metrics.retries).isGreaterThan(20);
    assertThat(world.bucket.keys("lanes/")).containsExactly(world.key(5, 1), world.key(5, 2));
    assertThat(appender.slabsHeld()).isZero();
  }

  @Test
  void aConflictIsNoVerdict() {
    world.bucket.script(world.puts(5, 1), 3, Fault.CONFLICT_409);
    appender.append(0, 1000);
    untilAcked(1);

    assertThat(broker.metrics.resolutions).containsExactly(Map.entry("UNAVAILABLE ABSENT", 3));
  }

  @Test
  void aReadThatFailsOrIsDamagedIsRepeated() {
    world.bucket.script(world.puts(5, 1), 1, Fault.ANSWERED_BY_DUPLICATE);
    world.bucket.script(world.requests(StoreOp.GET, 5, 1), 2, Fault.CORRUPT_BODY);
    world.bucket.script(world.requests(StoreOp.GET, 5, 1), 2, Fault.TRUNCATED_BODY);
    world.bucket.script(world.requests(StoreOp.GET, 5, 1), 5, Fault.FAIL_BEFORE);
    appender.append(0, 1000);
    untilAcked(1);

    assertThat(broker.metrics.retries).as("puts after it was known to be taken").isZero();
  }

  @Test
  void aFenceInTheSlotHaltsTheLogAndNamesWhoPutIt() {
    UUID sealer = new UUID(1, 2);
    putFence(2, sealer);
    appender.append(0, 1000);
    untilAcked(1);
    appender.append(0, 1000);
    LaneHaltedException cause = untilHalted();

    assertThat(cause)
        .hasMessageContaining("fenced")
        .hasMessageContaining(sealer.toString())
        .hasMessageContaining(world.key(5, 2).value());
    assertThat(broker.acks.acked()).containsExactly(new WalSlot(5, 1));
    assertThat(appender.slabsHeld()).isZero();
    assertThatThrownBy(() -> appender.append(0, 1000))
        .isInstanceOf(LaneHaltedException.class)
        .hasRootCause(cause);
    assertThat(appender.slabsHeld()).isZero();
  }

  @Test
  void aForeignObjectInTheSlotIsCorruptionAndHaltsTheLog() {
    WalWorld.Broker impostor = world.broker("impostor");
    WalWriter itsLog = impostor.open(5);
    new TestAppender(itsLog, 2).append(0, 1000);
    world.until("impostor acked", () -> !impostor.acks.acked().isEmpty());
    appender.append(0, 1000);

    assertThat(untilHalted()).hasRootCauseInstanceOf(CorruptObjectException.class);
    assertThat(broker.acks.acked()).isEmpty();
  }

  @Test
  void rubbishInTheSlotIsCorruptionAndHaltsTheLog() {
    SimScheduler vandal = world.simulation.process("vandal");
    world.simulation.await(
        world.bucket.forProcess(vandal).putIfAbsent(world.key(5, 1), ObjectBody.of(new byte[70])),
        WalWorld.PATIENCE,
        "rubbish put");
    appender.append(0, 1000);

    assertThat(untilHalted()).hasRootCauseInstanceOf(CorruptObjectException.class);
    assertThat(appender.slabsHeld()).isZero();
  }

  private void putFence(long seq, UUID sealer) {
    ObjectIdentity fence =
        new ObjectIdentity(
            SortedObjectKind.FENCE, WalWorld.INCARNATION, WalWorld.LANE, 5, seq, sealer);
    SimScheduler process = world.simulation.process("sealer");
    world.simulation.await(
        world
            .bucket
            .forProcess(process)
            .putIfAbsent(world.key(5, seq), SortedObjectWriter.fence(fence).body()),
        WalWorld.PATIENCE,
        "fence put");
  }

  // -- hedging
  // --------------------------------------------------------------------------------------

  /** Enough puts to know what is slow and to have earned some hedges. */
  private void warmUp() {
    for (int i = 0; i < 100; i++) {
      appender.append(0, 1000);
      untilAcked(i + 1);
    }
    assertThat(broker.metrics.hedgesSent * HedgePolicy.PUTS_PER_HEDGE).isLessThanOrEqualTo(100);
  }

  @Test
  void aStalledPutIsHedged() {
    warmUp();
    int hedgesBefore = broker.metrics.hedgesSent;
    world.bucket.script(world.puts(5, 101), Fault.STALL, Duration.ofMinutes(5), NOW, NOW);
    appender.append(0, 1000);
    untilAcked(101);

    assertThat(broker.metrics.hedgesSent).isEqualTo(hedgesBefore + 1);
    assertThat(broker.metrics.putNanos.get(100)).isLessThan(2_000 * MILLI);
  }

  @Test
  void aLateAttemptStillFindsItsBytes() {
    warmUp();
    world.bucket.script(world.puts(5, 101), Fault.STALL, Duration.ofMinutes(5), NOW, NOW);
    appender.append(0, 1000);
    untilAcked(101);
    assertThat(appender.slabsHeld()).as("the stalled attempt still reads them").isEqualTo(1);
    world.until("slab given back", () -> appender.slabsHeld() == 0);

    assertThat(world.simulation.now()).isGreaterThan(Duration.ofMinutes(5));
  }

  @Test
  void aHaltedLogKeepsItsBytesUntilTheLastAttemptHasReturned() {
    world.bucket.script(world.puts(5, 1), Fault.STALL, Duration.ofMinutes(5), NOW, NOW);
    appender.append(0, 1000);
    log.cut();
    world.simulation.runFor(Duration.ofSeconds(1));
    appender.append(0, 1000);
    log.halt(new LaneHaltedException("lease lost"));
    untilHalted();
    assertThat(appender.slabsHeld()).isEqualTo(1);
    world.until("slab given back", () -> appender.slabsHeld() == 0);

    assertThat(world.bucket.keys("lanes/")).containsExactly(world.key(5, 1));
    assertThat(broker.acks.acked()).isEmpty();
  }

  @Test
  void aCutAfterAHaltNamesASlotThatIsNeverAcknowledged() {
    appender.append(0, 1000);
    untilAcked(1);
    appender.append(0, 1000);
    log.halt(new LaneHaltedException("lease lost"));

    assertThat(log.cut())
        .as("else what was given up would count as flushed")
        .isEqualTo(new WalSlot(5, 2));
  }

  @Test
  void aStoreThatAsksForFewerRequestsGetsNoHedge() {
    warmUp();
    int hedgesBefore = broker.metrics.hedgesSent;
    world.bucket.script(world.puts(5, 101), 3, Fault.THROTTLING_STORM);
    world.bucket.script(world.puts(5, 101), Fault.SLOW, Duration.ofSeconds(8), NOW, NOW);
    appender.append(0, 1000);
    untilAcked(101);

    assertThat(broker.metrics.hedgesSent).isEqualTo(hedgesBefore);
    assertThat(broker.metrics.retries).isEqualTo(3);
  }

  @Test
  void aStoreThatIsSlowAltogetherIsHedgedForAtMostOneInTen() {
    warmUp();
    world.bucket.script(request -> true, 400, Fault.SLOW);
    for (int i = 0; i < 200; i++) {
      appender.append(0, 1000);
      untilAcked(101 + i);
    }

    assertThat(broker.metrics.hedgesSent).isPositive();
    assertThat(broker.metrics.hedgesSent * HedgePolicy.PUTS_PER_HEDGE).isLessThanOrEqualTo(300);
  }

  // -- the end
  // --------------------------------------------------------------------------------------

  @Test
  void closingSendsWhatIsOpenAndWaitsForIt() {
    for (int i = 0; i < 5; i++) {
      appender.append(0, 1000);
      world.simulation.runFor(Duration.ofMillis(10));
    }
    CompletableFuture<Void> closed = log.close();
    assertThat(closed).isNotDone();
    assertThatThrownBy(() -> appender.append(0, 1000)).isInstanceOf(LaneHaltedException.class);
    world.simulation.await(closed, WalWorld.PATIENCE, "closed");

    assertThat(log.unackedBytes()).isZero();
    assertThat(broker.acks.acked()).hasSize((int) log.cut().seq());
    assertThat(broker.acks.halted()).isNull();
    assertThat(log.close()).isCompleted();
  }

  @Test
  void anIdleLogClosesAtOnce() {
    assertThat(log.close()).isCompleted();
    assertThat(world.putCount()).isZero();
  }

  @Test
  void closingFailsWhenTheLogHaltsFirst() {
    putFence(1, new UUID(1, 2));
    appender.append(0, 1000);
    CompletableFuture<Void> closed = log.close();
    LaneHaltedException cause = untilHalted();

    assertThat(closed).isCompletedExceptionally();
    assertThatThrownBy(closed::join).hasCause(cause);
    assertThatThrownBy(log.close()::join).hasCause(cause);
  }

  @Test
  void aLogThatIsHaltedFromOutsideSaysSoOnceAndSendsNothingMore() {
    appender.append(0, 1000);
    untilAcked(1);
    appender.append(0, 1000);
    LaneHaltedException first = new LaneHaltedException("lease lost");
    log.halt(first);
    log.halt(new LaneHaltedException("again"));
    world.simulation.runFor(Duration.ofMinutes(1));

    assertThat(broker.acks.halted()).isSameAs(first);
    assertThat(broker.acks.acked()).hasSize(1);
    assertThat(world.putCount()).isEqualTo(1);
    assertThat(appender.slabsHeld()).isZero();
    assertThat(broker.metrics.halts).isEqualTo(1);
  }

  @Test
  void whatWasConfirmedInOrderBeforeAHaltIsStillAcknowledged() {
    AckLog acks = new AckLog();
    WriteAheadLog[] itself = new WriteAheadLog[1];
    WriteAheadLog.Listener halting =
        new WriteAheadLog.Listener() {
          @Override
          public void onAcked(WalSlot slot) {
            acks.onAcked(slot);
            if (slot.seq() == 1) {
              itself[0].halt(new LaneHaltedException("by the listener"));
            }
          }

          @Override
          public void onHalted(LaneHaltedException cause) {
            acks.onHalted(cause);
          }
        };
    itself[0] = broker.logs.open(WalWorld.LANE, 6, halting);
    world.bucket.script(world.puts(6, 1), Fault.SLOW, Duration.ofSeconds(2), NOW, NOW);
    world.bucket.script(world.puts(6, 3), Fault.SLOW, Duration.ofSeconds(5), NOW, NOW);
    TestAppender itsAppender = new TestAppender(itself[0], 3);
    for (int i = 0; i < 4; i++) {
      itsAppender.append(0, 1000);
      itself[0].cut();
    }
    world.until("halted", () -> acks.halted() != null);
    world.until("slabs given back", () -> itsAppender.slabsHeld() == 0);

    assertThat(acks.acked()).containsExactly(new WalSlot(6, 1), new WalSlot(6, 2));
    assertThat(acks.complaints()).isEmpty();
  }

  @Test
  void aListenerThatFailsHaltsTheLog() {
    AckLog acks = new AckLog();
    WriteAheadLog.Listener failing =
        new WriteAheadLog.Listener() {
          @Override
          public void onAcked(WalSlot slot) {
            acks.onAcked(slot);
            throw new IllegalStateException("listener is broken");
          }

          @Override
          public void onHalted(LaneHaltedException cause) {
            acks.onHalted(cause);
          }
        };
    WriteAheadLog itsLog = broker.logs.open(new LaneId(4), 1, failing);
    new TestAppender(itsLog, 1).append(0, 1000);
    world.until("halted", () -> acks.halted() != null);

    assertThat(acks.acked()).hasSize(1);
    assertThat(acks.halted()).hasRootCauseMessage("listener is broken");
    assertThat(acks.complaints()).isEmpty();
  }

  @Test
  void batchesOutOfOrderNeverReachTheStore() {
    WriteAheadLog itsLog = broker.logs.open(new LaneId(4), 1, broker.acks);
    PartitionId partition = TestAppender.partition(0);
    TestAppender later = new TestAppender(itsLog, 1, 0, Map.of(partition, 100L));
    later.append(0, 1000);
    new TestAppender(itsLog, 1).append(0, 1000);

    assertThat(untilHalted()).hasRootCauseInstanceOf(IllegalStateException.class);
    assertThat(world.putCount()).isZero();
    assertThat(later.slabsHeld()).isZero();
  }

  @Test
  void aStoreThatThrowsInsteadOfAnsweringIsTriedAgain() {
    int[] throwing = {3};
    broker =
        world.broker(
            "unlucky",
            WalProfile.LATENCY,
            store ->
                new ForwardingStore(store) {
                  @Override
                  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
                    if (throwing[0]-- > 0) {
                      throw new IllegalStateException("store is broken");
                    }
                    return super.putIfAbsent(key, body);
                  }
                });
    log = broker.open(6);
    appender = new TestAppender(log, 1);
    appender.append(0, 1000);
    untilAcked(1);

    assertThat(broker.metrics.retries).isEqualTo(3);
  }

  // -- zombies
  // --------------------------------------------------------------------------------------

  @Test
  void aZombieNeverAcknowledgesWhatTheSealerDidNotFind() {
    appender.append(0, 1000);
    untilAcked(1);
    world.bucket.script(world.puts(5, 2), Fault.SLOW, Duration.ofMinutes(1), NOW, NOW);
    appender.append(0, 1000);
    log.cut();
    appender.append(0, 1000);
    world.until("slot 3 stored", () -> world.bucket.peek(world.key(5, 3)).isPresent());
    broker.process.pause();
    List<SortedObject> sealed = world.broker("sealer").seal(WalSlot.NONE, 6);
    world.simulation.runFor(Duration.ofMinutes(10));
    broker.process.resume();
    untilHalted();

    assertThat(sealed).extracting(SortedObject::key).containsExactly(world.key(5, 1));
    assertThat(broker.acks.acked()).containsExactly(new WalSlot(5, 1));
    assertThat(appender.slabsHeld()).isZero();
  }
}
