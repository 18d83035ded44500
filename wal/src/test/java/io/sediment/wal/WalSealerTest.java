package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.simulation.Fault;
import io.sediment.simulation.StoreOp;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class WalSealerTest {
  private static final Duration NOW = Duration.ZERO;

  private final WalWorld world = new WalWorld(1);

  /** An epoch of so many acknowledged slots whose writer is gone. */
  private void write(long epoch, int slots) {
    WalWorld.Broker broker = world.broker("writer of " + epoch);
    WalWriter log = broker.open(epoch);
    TestAppender appender = new TestAppender(log, epoch);
    for (int i = 0; i < slots; i++) {
      appender.append(i % 7, 200);
      log.cut();
    }
    world.until("all acked", () -> broker.acks.acked().size() == slots);
    broker.process.crash();
  }

  private List<WalSlot> seal(long newEpoch) {
    return slots(world.broker("sealer").seal(WalSlot.NONE, newEpoch));
  }

  private static List<WalSlot> slots(List<SortedObject> objects) {
    return objects.stream()
        .map(o -> new WalSlot(o.identity().epoch(), o.identity().number()))
        .toList();
  }

  private List<ObjectKey> fences() {
    return world.bucket.keys("lanes/").stream()
        .filter(key -> world.describe(key).identity().kind() == SortedObjectKind.FENCE)
        .toList();
  }

  private static WalSlot slot(long epoch, long seq) {
    return new WalSlot(epoch, seq);
  }

  private void put(ObjectKey key, ObjectBody body) {
    world.simulation.await(
        world.bucket.forProcess(world.simulation.process("somebody")).putIfAbsent(key, body),
        WalWorld.PATIENCE,
        "put");
  }

  private void putFence(long epoch, long seq, long incarnation) {
    ObjectIdentity fence =
        new ObjectIdentity(
            SortedObjectKind.FENCE, incarnation, WalWorld.LANE, epoch, seq, new UUID(8, 8));
    put(world.key(epoch, seq), SortedObjectWriter.fence(fence).body());
  }

  @Test
  void aLaneThatWasNeverOpenedHasNothingToSeal() {
    assertThat(seal(1)).isEmpty();
    assertThat(world.bucket.keys("")).isEmpty();
  }

  @Test
  void anEpochWithoutObjectsIsFencedAtItsFirstSlot() {
    assertThat(seal(2)).isEmpty();
    assertThat(fences()).containsExactly(world.key(1, 1));
  }

  @Test
  void theFenceStandsBehindTheLastObject() {
    write(1, 3);

    assertThat(seal(2)).containsExactly(slot(1, 1), slot(1, 2), slot(1, 3));
    assertThat(fences()).containsExactly(world.key(1, 4));
  }

  @Test
  void whatLiesBehindTheFirstGapIsNotPartOfTheLog() {
    WalWorld.Broker broker = world.broker("writer");
    WalWriter log = broker.open(1);
    world.bucket.script(world.puts(1, 2), Fault.STALL, Duration.ofDays(1), NOW, NOW);
    TestAppender appender = new TestAppender(log, 1);
    for (int i = 0; i < 4; i++) {
      appender.append(0, 200);
      log.cut();
    }
    world.simulation.runFor(Duration.ofSeconds(10));
    broker.process.crash();

    assertThat(seal(2)).containsExactly(slot(1, 1));
    assertThat(fences()).containsExactly(world.key(1, 2));
    assertThat(world.bucket.keys("lanes/")).hasSize(4);
  }

  @Test
  void aSlotThatWasAcknowledgedAndIsGoneIsMissed() {
    write(1, 20);
    world.bucket.removeNow(world.key(1, 3));

    assertThatThrownBy(() -> seal(2))
        .hasCauseInstanceOf(CorruptObjectException.class)
        .hasMessageContaining("key=" + world.key(1, 3) + " was acknowledged");
    assertThat(fences()).isEmpty();
  }

  /** The way out that docs/operations.md describes, for what nobody can put back. */
  @Test
  void withoutAllThatWasWrittenAfterItTheLogEndsAtALostSlot() {
    write(1, 20);
    world.bucket.removeNow(world.key(1, 3));
    assertThatThrownBy(() -> seal(2)).hasCauseInstanceOf(CorruptObjectException.class);
    for (long seq = 4; seq <= 20; seq++) {
      world.bucket.removeNow(world.key(1, seq));
    }

    assertThat(seal(2)).containsExactly(slot(1, 1), slot(1, 2));
  }

  /** Nobody wrote anything since, so that nobody can tell. */
  @Test
  void ofTheNewestSlotsNoneIsMissed() {
    write(1, 6);
    world.bucket.removeNow(world.key(1, 6));

    assertThat(seal(2)).hasSize(5);
  }

  /** What lies beyond the gap may be newer than our look at the slot. */
  @Test
  void aSlotThatArrivesAfterTheLookAtItIsNotMissed() {
    WalWorld.Broker broker = world.broker("writer");
    WalWriter log = broker.open(1);
    WalWorld.Broker sealer = world.broker("sealer");
    slowRead(sealer, 1, NOW, Duration.ofSeconds(5));
    for (long seq = 2; seq <= 4; seq++) {
      slowRead(sealer, seq, Duration.ofSeconds(4), NOW);
    }
    CompletableFuture<List<SortedObject>> sealing =
        sealer.logs.seal(WalWorld.LANE, WalSlot.NONE, 2);
    world.simulation.runFor(Duration.ofMillis(1));
    TestAppender appender = new TestAppender(log, 1);
    for (int i = 0; i < 4; i++) {
      appender.append(0, 200);
      log.cut();
      world.simulation.runFor(Duration.ofMillis(900));
    }
    assertThat(broker.acks.acked()).hasSize(4);
    assertThat(world.describe(world.key(1, 4)).ackedSeq()).isEqualTo(3);
    world.until("sealed", sealing::isDone);

    assertThat(slots(sealing.join()))
        .containsExactly(slot(1, 1), slot(1, 2), slot(1, 3), slot(1, 4));
  }

  private void slowRead(
      WalWorld.Broker reader, long seq, Duration landAfter, Duration answerAfter) {
    world.bucket.script(
        request ->
            request.process() == reader.process
                && world.requests(StoreOp.GET, 1, seq).test(request),
        Fault.SLOW,
        landAfter,
        answerAfter,
        NOW);
  }

  @Test
  void everyOlderEpochIsFencedThoseThatNobodyWroteToIncluded() {
    write(1, 2);
    // The owners of 2 and 3 raised the epoch in the manifest and died before they sealed.
    write(4, 1);

    assertThat(seal(6)).containsExactly(slot(1, 1), slot(1, 2), slot(4, 1));
    assertThat(fences())
        .containsExactly(
            world.key(1, 3), world.key(2, 1), world.key(3, 1), world.key(4, 2), world.key(5, 1));
  }

  @Test
  void sealingAgainFindsTheSameAndPutsNoSecondFence() {
    write(1, 2);
    List<SortedObject> first = world.broker("first").seal(WalSlot.NONE, 2);
    long putsBefore = world.putCount();

    assertThat(world.broker("second").seal(WalSlot.NONE, 2)).isEqualTo(first);
    assertThat(world.putCount()).isEqualTo(putsBefore);
  }

  @Test
  void twoSealersAtOnceAgree() {
    write(1, 40);
    WalWorld.Broker one = world.broker("one");
    WalWorld.Broker other = world.broker("other");
    CompletableFuture<List<SortedObject>> ones = one.logs.seal(WalWorld.LANE, WalSlot.NONE, 4);
    CompletableFuture<List<SortedObject>> others = other.logs.seal(WalWorld.LANE, WalSlot.NONE, 5);
    world.until("both sealed", () -> ones.isDone() && others.isDone());

    assertThat(ones.join()).hasSize(40).isEqualTo(others.join());
    assertThat(fences()).hasSize(4);
    assertThat(one.metrics.fencesCreated + other.metrics.fencesCreated).isEqualTo(4);
    assertThat(one.metrics.fencesAdopted + other.metrics.fencesAdopted).isEqualTo(3);
  }

  @Test
  void theWalkBeginsBehindTheReplayPoint() {
    write(1, 2);
    seal(2);
    write(2, 5);
    long getsBefore = world.bucket.bill().requests(StoreOp.GET);

    assertThat(slots(world.broker("sealer").seal(slot(2, 3), 3)))
        .containsExactly(slot(2, 4), slot(2, 5));
    assertThat(fences()).containsExactly(world.key(1, 3), world.key(2, 6));
    assertThat(world.bucket.bill().requests(StoreOp.GET) - getsBefore).isLessThan(40);
  }

  @Test
  void aReplayPointAtTheEndOfAFencedEpochFindsItsFence() {
    write(1, 2);
    seal(2);

    assertThat(world.broker("sealer").seal(slot(1, 2), 2)).isEmpty();
    assertThat(fences()).containsExactly(world.key(1, 3));
  }

  @Test
  void anObjectThatArrivesBeforeTheFenceDoesIsPartOfTheLog() {
    WalWorld.Broker broker = world.broker("writer");
    WalWriter log = broker.open(1);
    // Slot 1 lands after the sealer read it as absent and before its fence does.
    world.bucket.script(world.puts(1, 1), Fault.SLOW, Duration.ofSeconds(3), NOW, NOW);
    world.bucket.script(
        request -> request.process().name().equals("sealer") && request.op().isWrite(),
        Fault.SLOW,
        Duration.ofSeconds(9),
        NOW,
        NOW);
    TestAppender appender = new TestAppender(log, 1);
    appender.append(0, 200);
    log.cut();
    appender.append(0, 200);

    assertThat(seal(2)).containsExactly(slot(1, 1), slot(1, 2));
    assertThat(fences()).containsExactly(world.key(1, 3));
    world.until("acked", () -> broker.acks.acked().size() == 2);
  }

  @Test
  void aLostAnswerToTheFenceIsFoundOutByReading() {
    write(1, 1);
    world.bucket.script(
        request -> request.process().name().equals("sealer") && request.op().isWrite(),
        1,
        Fault.LOST_ANSWER);
    WalWorld.Broker sealer = world.broker("sealer");

    assertThat(slots(sealer.seal(WalSlot.NONE, 2))).containsExactly(slot(1, 1));
    assertThat(fences()).containsExactly(world.key(1, 2));
    assertThat(sealer.metrics.fencesCreated).isEqualTo(1);
  }

  @Test
  void aFenceThatArrivesLateDoesNoHarm() {
    WalWorld.Broker broker = world.broker("writer");
    WalWriter log = broker.open(1);
    new TestAppender(log, 1).append(0, 200);
    world.bucket.script(world.puts(1, 1), Fault.SLOW, Duration.ofSeconds(5), NOW, NOW);
    world.bucket.script(
        request -> request.process().name().equals("sealer") && request.op().isWrite(),
        Fault.LATE_LANDING,
        Duration.ofMinutes(1),
        Duration.ofSeconds(4),
        NOW);
    world.bucket.script(
        request -> request.process().name().equals("sealer") && request.op().isWrite(),
        Fault.SLOW,
        Duration.ofSeconds(5),
        NOW,
        NOW);

    assertThat(seal(2)).containsExactly(slot(1, 1));
    world.simulation.runFor(Duration.ofMinutes(2));
    assertThat(fences()).containsExactly(world.key(1, 2));
  }

  @Test
  void readsThatFailOrAreDamagedAreRepeated() {
    write(1, 3);
    world.bucket.script(world.requests(StoreOp.GET, 1, 1), 3, Fault.CORRUPT_BODY);
    world.bucket.script(world.requests(StoreOp.GET, 1, 2), 3, Fault.TRUNCATED_BODY);
    world.bucket.script(world.requests(StoreOp.GET, 1, 3), 6, Fault.FAIL_BEFORE);
    world.bucket.script(world.requests(StoreOp.GET, 1, 4), 6, Fault.THROTTLING_STORM);

    assertThat(seal(2)).containsExactly(slot(1, 1), slot(1, 2), slot(1, 3));
  }

  @Test
  void anOutageFailsTheSealAndTheNextOneSucceeds() {
    write(1, 3);
    world.bucket.script(request -> true, 200, Fault.FAIL_BEFORE);

    assertThatThrownBy(() -> seal(2))
        .hasRootCauseInstanceOf(ObjectStoreException.Unavailable.class);
    world.bucket.heal();
    assertThat(seal(2)).hasSize(3);
  }

  @Test
  void nothingIsEverListed() {
    write(1, 100);
    seal(2);

    assertThat(world.bucket.bill().requests(StoreOp.LIST)).isZero();
  }

  @Test
  void aLongEpochIsWalkedManySlotsAtATime() {
    write(1, 500);
    long getsBefore = world.bucket.bill().requests(StoreOp.GET);
    Duration before = world.simulation.now();
    seal(2);

    assertThat(world.bucket.bill().requests(StoreOp.GET) - getsBefore).isLessThan(540);
    assertThat(world.simulation.now().minus(before)).isLessThan(Duration.ofSeconds(3));
  }

  @Test
  void aSecondWriterInAnEpochIsCorruption() {
    write(1, 2);
    ObjectIdentity second =
        new ObjectIdentity(
            SortedObjectKind.WAL, WalWorld.INCARNATION, WalWorld.LANE, 1, 3, new UUID(6, 6));
    putObject(second);

    assertCorrupt("another writer", world.key(1, 3));
  }

  @Test
  void anObjectOfALaterIncarnationIsCorruption() {
    putObject(
        new ObjectIdentity(
            SortedObjectKind.WAL, WalWorld.INCARNATION + 1, WalWorld.LANE, 1, 1, new UUID(6, 6)));

    assertCorrupt("another writer", world.key(1, 1));
  }

  @Test
  void objectsAndFencesOfEarlierIncarnationsAreFine() {
    putObject(new ObjectIdentity(SortedObjectKind.WAL, 1, WalWorld.LANE, 1, 1, new UUID(6, 6)));
    putFence(2, 1, 1);

    assertThat(seal(3)).containsExactly(slot(1, 1));
  }

  @Test
  void anObjectUnderAnotherSlotsKeyIsCorruption() {
    write(1, 2);
    byte[] first = world.bucket.peek(world.key(1, 1)).orElseThrow();
    put(world.key(1, 3), ObjectBody.of(first));

    assertCorrupt("holds another object", world.key(1, 3));
  }

  @Test
  void anObjectOfAnotherLaneIsCorruption() {
    ObjectIdentity other =
        new ObjectIdentity(
            SortedObjectKind.WAL, WalWorld.INCARNATION, new LaneId(4), 1, 1, new UUID(6, 6));
    put(world.key(1, 1), encoded(other));

    assertCorrupt("holds another object", world.key(1, 1));
  }

  @Test
  void aDamagedObjectIsNeverTakenForAGap() {
    write(1, 2);
    put(world.key(1, 3), ObjectBody.of(new byte[500]));

    assertCorrupt("magic", world.key(1, 3));
    assertThat(world.bucket.keys("lanes/"))
        .containsExactly(world.key(1, 1), world.key(1, 2), world.key(1, 3));
  }

  private void assertCorrupt(String what, ObjectKey key) {
    assertThatThrownBy(() -> seal(2))
        .hasRootCauseInstanceOf(CorruptObjectException.class)
        .rootCause()
        .hasMessageContaining(what)
        .hasMessageContaining(key.value());
  }

  private void putObject(ObjectIdentity identity) {
    put(world.key(identity.epoch(), identity.number()), encoded(identity));
  }

  /** An object with one batch. */
  private static ObjectBody encoded(ObjectIdentity identity) {
    Slot slot = new Slot(new WalSlot(identity.epoch(), identity.number()), 0);
    Slab slab = TestBatches.slab(200, () -> {});
    ByteBuffer batch = Objects.requireNonNull(slab.allocate(200));
    TestBatches.fill(batch, 0, 0, 3, null, new SplittableRandom(1));
    slot.add(TestAppender.partition(0), slab, batch, null);
    return slot.build(identity).body();
  }
}
