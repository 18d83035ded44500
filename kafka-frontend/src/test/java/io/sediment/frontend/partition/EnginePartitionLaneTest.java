package io.sediment.frontend.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.Deaf;
import io.sediment.lsm.lane.FakeWriteAheadLogs;
import io.sediment.lsm.lane.InMemoryLane;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class EnginePartitionLaneTest {
  private static final PartitionId ONE = new PartitionId(new UUID(7, 7), 1);

  private final Simulation simulation = new Simulation(1);
  private final FakeWriteAheadLogs logs = FakeWriteAheadLogs.manual();
  private final Lane engine =
      simulation.await(
          InMemoryLane.open(logs, simulation.process("broker"), MemoryBudget.forBroker(4L << 20)),
          Duration.ofMinutes(1),
          "lane is open");
  private final EnginePartitionLane lane = new EnginePartitionLane(engine);

  private CompletableFuture<LanePartition> open(int leaderEpoch, long startOffset) {
    return lane.open(ONE, leaderEpoch, startOffset, new Deaf());
  }

  @Test
  void aNewLeadershipWaitsUntilTheOneBeforeHasDrained() {
    open(1, 0).join().append(Batches.plain(3));
    lane.close(ONE);
    CompletableFuture<LanePartition> second = open(2, 3);
    assertThat(second).isNotDone();
    logs.newest().ackAll();
    assertThat(second).isCompleted();
    assertThat(second.join().append(Batches.plain(1))).isEqualTo(3);
  }

  @Test
  void aLeadershipThatEndedBeforeItCouldBeginLeavesTheNextOneItsPlace() {
    open(1, 0).join().append(Batches.plain(3));
    lane.close(ONE);
    open(2, 3);
    lane.close(ONE);
    CompletableFuture<LanePartition> third = open(3, 3);
    logs.newest().ackAll();
    assertThat(third).isCompleted();
    assertThat(third.join().leaderEpoch()).isEqualTo(3);
    assertThat(third.join().append(Batches.plain(1))).isEqualTo(3);
  }

  @Test
  void aPartitionThatComesBackWaitsUntilWhatItLeftIsFlushed() {
    open(1, 0).join().append(Batches.plain(3));
    lane.close(ONE);
    logs.newest().ackAll();
    CompletableFuture<LanePartition> back = open(3, 10);
    assertThat(back).isNotDone();
    LanePartition opened = simulation.await(back, Duration.ofMinutes(1), "what it left is flushed");
    assertThat(opened.append(Batches.plain(1))).isEqualTo(10);
  }

  @Test
  void aLaneThatStopsWhileItDrainsRefusesTheNextLeadership() {
    open(1, 0).join().append(Batches.plain(3));
    lane.close(ONE);
    CompletableFuture<LanePartition> second = open(2, 3);
    engine.halt(new LaneHaltedException("stopped by a test"));
    assertThat(second).isCompletedExceptionally();
  }
}
