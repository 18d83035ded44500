package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.objectstore.ObjectBody;
import io.sediment.simulation.Fault;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.StoreOp;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Puts whose answers are lost, late or refused, and what is found in their place. */
class WalWriterDoubtTest extends WalWriterTestCase {
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
}
