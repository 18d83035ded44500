package io.sediment.lsm.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.runtime.Await;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Scheduler;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class LaneWriterTest {
  private static final PartitionId ONE = new PartitionId(new UUID(7, 7), 1);
  private static final PartitionId TWO = new PartitionId(new UUID(7, 7), 2);

  private final MemoryBudget budget = MemoryBudget.forBroker(4 << 20);
  private final FakeWriteAheadLogs logs = FakeWriteAheadLogs.manual();
  private final Simulation simulation = new Simulation(1);
  private final Lane lane =
      simulation.await(
          InMemoryLane.open(logs, simulation.process("broker"), budget),
          Duration.ofMinutes(1),
          "lane is open");
  private final SplittableRandom random = new SplittableRandom(3);
  private final Heard heardOne = new Heard();
  private final Heard heardTwo = new Heard();

  private ByteBuffer batch(int records) {
    return TestBatch.at(0).records(records).size(500, random).build();
  }

  @Test
  void offsetsAreAssignedAtOnceAndDurableWhenTheSlotIs() {
    LanePartition one = lane.openPartition(ONE, 5, 100, heardOne);
    LanePartition two = lane.openPartition(TWO, 6, 0, heardTwo);
    assertThat(one.append(batch(3))).isEqualTo(100);
    assertThat(one.append(batch(2))).isEqualTo(103);
    assertThat(two.append(batch(1))).isZero();
    logs.newest().closeSlot();
    assertThat(one.append(batch(5))).isEqualTo(105);
    logs.newest().closeSlot();
    assertThat(one.endOffset()).isEqualTo(110);
    assertThat(one.durableOffset()).isEqualTo(100);
    assertThat(Await.result(one.read(100, 1 << 20, true, Long.MAX_VALUE)).isEmpty()).isTrue();

    logs.newest().ack(1);
    assertThat(heardOne.durable()).containsExactly(105L);
    assertThat(heardTwo.durable()).containsExactly(1L);
    logs.newest().ack(1);
    assertThat(heardOne.durable()).containsExactly(105L, 110L);
    assertThat(heardTwo.durable()).containsExactly(1L);

    try (BatchSlices read = Await.result(one.read(100, 1 << 20, true, Long.MAX_VALUE))) {
      assertThat(read.nextOffset()).isEqualTo(110);
      ByteBuffer first = read.buffers().get(0);
      assertThat(RecordBatchLayout.baseOffset(first, 0)).isEqualTo(100);
      assertThat(RecordBatchLayout.leaderEpoch(first, 0)).isEqualTo(5);
    }
    assertThat(lane.endOffsets()).containsEntry(ONE, 110L).containsEntry(TWO, 1L);
  }

  @Test
  void theFirstBatchOfALeadershipThatGoesOnIsPutSoon() {
    LanePartition goesOn = lane.openPartition(ONE, 5, 100, heardOne);
    LanePartition begins = lane.openPartition(TWO, 6, 0, heardTwo);
    begins.append(batch(1));
    assertThat(logs.newest().hurries()).isZero();
    goesOn.append(batch(1));
    assertThat(logs.newest().hurries()).isEqualTo(1);
    goesOn.append(batch(1));
    assertThat(logs.newest().hurries()).isEqualTo(1);
  }

  @Test
  void theCallersBufferIsLeftAlone() {
    LanePartition one = lane.openPartition(ONE, 5, 100, heardOne);
    ByteBuffer padded = ByteBuffer.allocateDirect(1000);
    padded.position(17);
    TestBatch.at(0).size(500, random).writeTo(padded);
    padded.flip().position(17);
    ByteBuffer before = ByteBuffer.allocate(padded.remaining()).put(padded.duplicate()).flip();
    one.append(padded);
    assertThat(padded.position()).isEqualTo(17);
    assertThat(padded).isEqualTo(before);
  }

  @Test
  void whatIsNotOneWholeBatchIsRefused() {
    LanePartition one = lane.openPartition(ONE, 5, 100, heardOne);
    ByteBuffer torn = batch(1);
    torn.limit(torn.limit() - 1);
    assertThatThrownBy(() -> one.append(torn)).isInstanceOf(IllegalArgumentException.class);
    assertThat(one.endOffset()).isEqualTo(100);
  }

  @Test
  void memoryThatIsUsedUpRefusesAndAppendsNothing() {
    LanePartition one = lane.openPartition(ONE, 5, 0, heardOne);
    assertThatThrownBy(
            () -> {
              while (true) {
                one.append(batch(1));
              }
            })
        .isInstanceOf(LaneBusyException.class);
    long endOffset = one.endOffset();
    logs.newest().ackAll();
    assertThat(one.durableOffset()).isEqualTo(endOffset);
  }

  @Test
  void anAppendThatBreaksOffHalfWayIsTheLanesLast() {
    AtomicBoolean breaks = new AtomicBoolean();
    SimScheduler process = simulation.process("other broker");
    FakeWriteAheadLogs breaking =
        FakeWriteAheadLogs.acknowledgingOn(
            new Scheduler() {
              @Override
              public void execute(Runnable task) {
                if (breaks.get()) {
                  throw new IllegalStateException("broken by a test");
                }
                process.execute(task);
              }

              @Override
              public Cancellable schedule(Runnable task, Duration delay) {
                return process.schedule(task, delay);
              }
            });
    Lane other =
        simulation.await(
            InMemoryLane.open(breaking, process, budget), Duration.ofMinutes(1), "lane is open");
    LanePartition one = other.openPartition(ONE, 5, 0, heardOne);
    assertThat(one.append(batch(1))).isZero();
    simulation.runFor(Duration.ofSeconds(1));
    assertThat(heardOne.durable()).containsExactly(1L);
    breaks.set(true);
    assertThatThrownBy(() -> one.append(batch(1))).isInstanceOf(LaneHaltedException.class);
    breaks.set(false);
    assertThatThrownBy(() -> one.append(batch(1)))
        .as("the log has a batch at this offset")
        .isInstanceOf(LaneHaltedException.class);
    assertThat(heardOne.isHalted()).isTrue();
  }

  @Test
  void aProducerUnknownToTheFrontEndMayComeBackUnderAnOlderEpoch() {
    LanePartition one = lane.openPartition(ONE, 5, 0, heardOne);
    assertThat(one.append(producerBatch(9))).isZero();
    assertThat(one.append(producerBatch(3))).isEqualTo(1);
    logs.newest().ackAll();
    simulation.await(lane.flush(), Duration.ofMinutes(1), "flushed");
    assertThat(one.append(producerBatch(2))).isEqualTo(2);
    logs.newest().ackAll();
    simulation.await(lane.flush(), Duration.ofMinutes(1), "flushed");
    assertThat(simulation.await(one.producers(), Duration.ofMinutes(1), "producers"))
        .extracting(ProducerEntry::producerEpoch)
        .containsExactly((short) 2);
  }

  private ByteBuffer producerBatch(int epoch) {
    return TestBatch.at(0).producer(7, epoch, 0).size(500, random).build();
  }

  @Test
  void aFlushWaitsForWhatIsCutAndNotYetDurable() {
    LanePartition one = lane.openPartition(ONE, 5, 0, heardOne);
    one.append(batch(1));
    var first = lane.flush();
    var second = lane.flush();
    simulation.runFor(Duration.ofSeconds(1));
    assertThat(first).isNotDone();
    assertThat(second).as("nothing new, yet not all is committed").isNotDone();
    logs.newest().ackAll();
    simulation.await(second, Duration.ofMinutes(1), "flushed");
    assertThat(first).isCompleted();
  }

  @Test
  void afterAHaltNothingIsAppendedOrAcknowledged() {
    LanePartition one = lane.openPartition(ONE, 5, 0, heardOne);
    LanePartition two = lane.openPartition(TWO, 5, 0, heardTwo);
    one.append(batch(1));
    logs.newest().ackAll();
    two.append(batch(1));
    lane.halt(new LaneHaltedException("lease ended"));
    logs.newest().ackAll();
    assertThat(heardOne.durable()).containsExactly(1L);
    assertThat(heardOne.isHalted()).isTrue();
    assertThat(heardTwo.durable()).isEmpty();
    assertThat(heardTwo.isHalted()).isTrue();
    assertThatThrownBy(() -> one.append(batch(1))).isInstanceOf(LaneHaltedException.class);
    assertThatThrownBy(() -> lane.openPartition(TWO, 6, 1, heardTwo))
        .isInstanceOf(LaneHaltedException.class);
    try (BatchSlices read = Await.result(one.read(0, 1 << 20, true, Long.MAX_VALUE))) {
      assertThat(read.nextOffset()).as("what was acknowledged can still be read").isEqualTo(1);
    }
  }

  @Test
  void closingWaitsUntilAllIsDurable() {
    LanePartition one = lane.openPartition(ONE, 5, 0, heardOne);
    one.append(batch(4));
    var closed = lane.closePartition(ONE);
    assertThat(closed).isNotDone();
    assertThatThrownBy(() -> one.append(batch(1))).isInstanceOf(LaneHaltedException.class);
    assertThatThrownBy(() -> lane.openPartition(ONE, 6, 4, heardTwo))
        .isInstanceOf(IllegalStateException.class);
    logs.newest().ackAll();
    assertThat(closed).isCompletedWithValue(4L);

    LanePartition again = lane.openPartition(ONE, 6, 4, heardTwo);
    assertThat(again.append(batch(1))).isEqualTo(4);
    logs.newest().ackAll();
    assertThat(heardTwo.durable()).containsExactly(5L);
    assertThat(heardOne.durable()).containsExactly(4L);
  }

  @Test
  void aKnownPartitionGoesOnWhereItEnds() {
    lane.openPartition(ONE, 5, 0, heardOne).append(batch(4));
    lane.closePartition(ONE);
    logs.newest().ackAll();
    assertThatThrownBy(() -> lane.openPartition(ONE, 6, 3, heardTwo))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("endOffset=4");
  }

  @Test
  void producerStatesFollowTheAppendedLog() {
    LanePartition one = lane.openPartition(ONE, 5, 0, heardOne);
    for (int i = 0; i < 7; i++) {
      one.append(TestBatch.at(0).records(10).producer(42, 3, i * 10).build());
    }
    one.append(TestBatch.at(0).producer(43, 0, 0).build());
    var states = Await.result(one.producers());
    assertThat(states).hasSize(2);
    assertThat(states.get(0).batches()).hasSize(5);
    assertThat(states.get(0).batches().get(4).lastSequence()).isEqualTo(69);
    assertThat(states.get(0).batches().get(4).lastOffset()).isEqualTo(69);
  }
}
