package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What is put when, and in which order it is acknowledged. */
class WalWriterTest extends WalWriterTestCase {
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
}
