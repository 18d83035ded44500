package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.SealedLane;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class BucketLaneSealerTest {
  private static final LaneId LANE = new LaneId(3);

  private final Simulation simulation = new Simulation(1);
  private final SimScheduler process = simulation.process("broker");
  private final MemoryObjectStore store = new MemoryObjectStore(process);
  private final MemoryBudget budget = MemoryBudget.forBroker(64 << 20);

  private final BucketLaneSealer sealer =
      new BucketLaneSealer(this::environment, LaneConfig.forBudget(budget));

  private LaneEnvironment environment(long incarnation) {
    BucketWriteAheadLogs logs =
        new BucketWriteAheadLogs(
            store,
            WalProfile.LOCAL,
            incarnation,
            process,
            process,
            process.random(),
            WalMetrics.NONE);
    return new LaneEnvironment(
        store, store, logs, process, process, process, process.random(), budget);
  }

  private SealedLane seal(long incarnation, long epochMin) {
    return simulation.await(
        sealer.seal(LANE, incarnation, epochMin), Duration.ofMinutes(1), "sealed");
  }

  @Test
  void aLaneThatNobodyEverOpenedHoldsNothing() {
    SealedLane sealed = seal(2, 1);
    assertThat(sealed.lane()).isEqualTo(LANE);
    assertThat(sealed.epoch()).isEqualTo(1);
    assertThat(sealed.partitions()).isEmpty();
  }

  @Test
  void aLaneSealedByAnAttemptThatFailedIsSealedAgainAboveIt() {
    assertThat(seal(2, 5).epoch()).isEqualTo(5);
    assertThat(seal(2, 5).epoch()).isEqualTo(6);
    assertThat(seal(3, 5).epoch()).isEqualTo(7);
  }

  @Test
  void whomANewerIncarnationHasOvertakenSealsNothing() {
    seal(3, 1);
    assertThatThrownBy(() -> seal(2, 5)).hasStackTraceContaining("TakenOverException");
  }
}
