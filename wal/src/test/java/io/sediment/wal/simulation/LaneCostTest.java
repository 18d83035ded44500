package io.sediment.wal.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneBusyException;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PriceList;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreRequest;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a lane under load sends to the bucket and what that costs, by S3's price list. */
class LaneCostTest {
  private static final LaneId LANE = new LaneId(0);
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final int PARTITIONS = 20;
  private static final int BATCH_BYTES = 16_000;
  private static final int BATCHES_PER_SECOND = 1_000; // 16 MB a second
  private static final int SECONDS = 4;

  private final Simulation simulation = new Simulation(1);
  private final SimObjectStore bucket = new SimObjectStore(simulation, FaultPlan.none());
  private final SimScheduler process = simulation.process("broker");
  private final MemoryBudget budget = MemoryBudget.forBroker(512 << 20);
  private final Map<LaneStep, Long> steps = new EnumMap<>(LaneStep.class);
  private final PutsInFlight putsInFlight = new PutsInFlight();
  private final List<LanePartition> partitions = new ArrayList<>();
  private long slotsInFlightMax;
  private long bytesInFlightMax;
  private long appendedBytes;
  private int batches;

  @AfterEach
  void end() {
    simulation.close();
  }

  /**
   * @param putsPerSecondMax what the profile promises
   * @param dollarsPerGbMax at 16 MB a second, flushes and manifests included
   */
  @ParameterizedTest
  @CsvSource({"latency, 25, 0.010", "balanced, 10, 0.005", "cost, 4, 0.003"})
  void aBusyLaneCostsWhatItsProfileSays(
      String profile, int putsPerSecondMax, double dollarsPerGbMax) {
    bucket.observe(this::count);
    Lane lane = open(profile);
    long puts = -steps.getOrDefault(LaneStep.WRITE_SLOT, 0L);
    append();
    simulation.runFor(Duration.ofSeconds(SECONDS));
    puts += steps.get(LaneStep.WRITE_SLOT);
    simulation.await(lane.flush(), PATIENCE, "flushed");

    assertThat(appendedBytes).isEqualTo((long) BATCH_BYTES * BATCHES_PER_SECOND * SECONDS);
    // One in ten may be sent a second time; the first ones need not wait.
    assertThat(puts).isBetween(SECONDS * 2L, Math.round(SECONDS * putsPerSecondMax * 1.1) + 4);
    long flushes = steps.get(LaneStep.FLUSH_COMMIT);
    assertThat(flushes).isPositive();
    assertThat(steps.get(LaneStep.FLUSH_OBJECT)).isEqualTo(flushes);
    assertThat(steps.get(LaneStep.FLUSH_TABLE)).isEqualTo(flushes);
    assertThat(steps.get(LaneStep.COMMIT_READ_BOUNDARY)).isLessThanOrEqualTo(2 * flushes + 8);
    double dollarsPerGb =
        bucket.bill().dollars(PriceList.S3_STANDARD) / (appendedBytes / 1_000_000_000.0);
    assertThat(dollarsPerGb).isLessThan(dollarsPerGbMax);
    assertThat(bucket.bill().dollars(PriceList.S3_EXPRESS) / (appendedBytes / 1_000_000_000.0))
        .isLessThan(0.010); // where bytes cost more than requests
    assertThat(slotsInFlightMax).isLessThanOrEqualTo(WalProfile.LATENCY.inFlightMax());
    assertThat(bytesInFlightMax).isLessThanOrEqualTo(budget.limitBytes(MemoryBudget.Share.WAL));
  }

  private void count(StoreRequest.Phase phase, StoreRequest request) {
    putsInFlight.on(phase, request);
    PutsInFlight.Load load = putsInFlight.of(process);
    slotsInFlightMax = Math.max(slotsInFlightMax, load.slots());
    bytesInFlightMax = Math.max(bytesInFlightMax, load.bytes());
    if (phase == StoreRequest.Phase.LANDED) {
      LaneStep.of(bucket, request).ifPresent(step -> steps.merge(step, 1L, Long::sum));
    }
  }

  private Lane open(String profile) {
    WalProfile chosen =
        WalProfile.PRICED.stream()
            .filter(one -> one.name().equals(profile))
            .findFirst()
            .orElseThrow();
    ObjectStore store = bucket.forProcess(process);
    BucketWriteAheadLogs logs =
        new BucketWriteAheadLogs(
            store, chosen, 1, process, process, process.random(), WalMetrics.NONE);
    LaneEnvironment environment =
        new LaneEnvironment(
            store, store, logs, process, process, process, process.random(), budget);
    Lane lane =
        simulation.await(
            Lane.open(environment, LaneConfig.forBudget(budget), LANE, 1, 1, FlushListener.NONE),
            PATIENCE,
            "open");
    for (int i = 0; i < PARTITIONS; i++) {
      partitions.add(lane.openPartition(new PartitionId(new UUID(7, i), 0), 1, 0, SILENT));
    }
    return lane;
  }

  private void append() {
    if (batches < BATCHES_PER_SECOND * SECONDS) {
      process.schedule(this::append, Duration.ofSeconds(1).dividedBy(BATCHES_PER_SECOND));
      LanePartition partition = partitions.get(batches % PARTITIONS);
      try {
        partition.append(
            TestBatch.at(0).leaderEpoch(1).size(BATCH_BYTES, process.random()).build());
      } catch (LaneBusyException | LaneHaltedException e) {
        throw new AssertionError("batch " + batches + " was refused", e);
      }
      batches++;
      appendedBytes += BATCH_BYTES;
    }
  }

  private static final PartitionListener SILENT =
      new PartitionListener() {
        @Override
        public void onDurable(long durableOffset) {}

        @Override
        public void onHalted(LaneHaltedException cause) {
          throw new AssertionError(cause);
        }
      };
}
