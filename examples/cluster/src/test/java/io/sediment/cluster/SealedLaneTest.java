package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.compactor.CompactionEnvironment;
import io.sediment.compactor.CompactionOptions;
import io.sediment.compactor.CompactionPace;
import io.sediment.compactor.RangeRewriter;
import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.retention.MetadataLiveness;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.SortedObject;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RaiseLogStarts;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What a dead broker's lane becomes of, once another one has sealed it. */
class SealedLaneTest {
  private static final LaneId DEAD = new LaneId(1);
  private static final LaneKeys KEYS = new LaneKeys(new io.sediment.lsm.LaneId(1));
  private static final UUID TOPIC = new UUID(7, 7);
  private static final int PARTITIONS = 3;
  private static final int FLUSHES = 5;
  private static final long INCARNATION = 1;

  private final Simulation simulation = new Simulation(5);
  private final SimObjectStore bucket = new SimObjectStore(simulation, FaultPlan.none());
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final Map<io.sediment.lsm.PartitionId, Long> ends = new HashMap<>();
  private long appendedBytes;

  private <T> T await(CompletableFuture<T> future) {
    return simulation.await(future, Duration.ofHours(1), "done");
  }

  private LaneEnvironment environment(SimScheduler process, MemoryBudget budget) {
    ObjectStore store = bucket.forProcess(process);
    return new LaneEnvironment(
        store,
        store,
        new BucketWriteAheadLogs(
            store,
            WalProfile.LOCAL,
            INCARNATION,
            process,
            process,
            process.random(),
            WalMetrics.NONE),
        process,
        process,
        process,
        process.random(),
        budget);
  }

  /** What was flushed, and what was only in the log when it died. */
  private void writeAndDie(long epoch) {
    SimScheduler process = simulation.process("dead");
    MemoryBudget budget = MemoryBudget.forBroker(64 << 20);
    Lane lane =
        await(
            Lane.open(
                environment(process, budget),
                LaneConfig.forBudget(budget),
                new io.sediment.lsm.LaneId(DEAD.value()),
                INCARNATION,
                epoch,
                FlushListener.NONE));
    List<LanePartition> partitions = new ArrayList<>();
    for (int p = 0; p < PARTITIONS; p++) {
      partitions.add(
          lane.openPartition(
              new io.sediment.lsm.PartitionId(TOPIC, p), 1, 0, new DurableListener()));
    }
    for (int round = 0; round <= FLUSHES; round++) {
      for (LanePartition partition : partitions) {
        ByteBuffer batch = Batches.plain(50);
        appendedBytes += batch.remaining();
        partition.append(batch);
      }
      if (round < FLUSHES) {
        await(lane.flush());
      }
    }
    simulation.runUntil(
        () -> partitions.stream().allMatch(it -> it.durableOffset() == it.endOffset()),
        Duration.ofMinutes(1),
        "durable");
    partitions.forEach(it -> ends.put(it.id(), it.endOffset()));
    process.crash();
  }

  private static final class DurableListener implements PartitionListener {
    @Override
    public void onDurable(long durableOffset) {}

    @Override
    public void onHalted(io.sediment.lsm.lane.LaneHaltedException cause) {}
  }

  private CompactedLanes compact(SimScheduler process, MemoryBudget budget) {
    ObjectStore store = bucket.forProcess(process);
    MetadataLiveness liveness =
        new MetadataLiveness(metadata, (image, topic) -> Map.of(), process, Duration.ofDays(1));
    CompactionEnvironment environment =
        new CompactionEnvironment(
            store,
            process,
            process.random(),
            INCARNATION,
            budget,
            new CompactionPace(process, process, 0),
            RangeRewriter.NONE,
            liveness::of);
    LaneConfig config = LaneConfig.forBudget(budget);
    return CompactedLanes.start(
        metadata,
        lane -> lane.state() == io.sediment.metadata.Lane.State.SEALED && lane.owner() == 0,
        store,
        process,
        process.random(),
        config,
        CompactedLanes.LOOK_INTERVAL,
        new BrokerCompaction(
            environment,
            CompactionOptions.DEFAULT.withMemory(budget.reservedBytes(Share.COMPACTION)),
            Duration.ofSeconds(1),
            new SimpleMeterRegistry()));
  }

  private Manifest newest(SimScheduler process) {
    return await(
        new ManifestStore(
                bucket.forProcess(process),
                new io.sediment.lsm.LaneId(DEAD.value()),
                new UUID(1, 9),
                process)
            .open());
  }

  private List<ObjectKey> named(Manifest manifest) {
    List<ObjectKey> keys = new ArrayList<>();
    for (RunRef run : manifest.level1().runs()) {
      keys.add(run.key(manifest.lane()));
      run.objects().forEach(object -> keys.add(object.key(manifest.lane())));
    }
    if (manifest.table() != null) {
      keys.add(manifest.table().key(manifest.lane()));
    }
    return keys;
  }

  private List<Long> lengths(String prefix) {
    return bucket.keys(prefix).stream()
        .map(key -> (long) bucket.peek(key).orElseThrow().length)
        .toList();
  }

  @Test
  void itIsCompactedAndCollectedAndGivesItsSpaceBack() {
    long dead = metadata.accept(new RegisterBroker(1, new UUID(1, 1), "localhost", 9093, null));
    metadata.accept(new RegisterLane(DEAD, 1));
    long epoch = metadata.accept(new OpenLane(DEAD, 1, dead));
    metadata.accept(new LaneOpened(DEAD, epoch, Map.of()));
    metadata.accept(
        new CreateTopics(
            List.of(new NewTopic(TOPIC, "topic", PARTITIONS, 1, List.of(1, 1, 1), Map.of()))));
    writeAndDie(epoch);

    SimScheduler heir = simulation.process("heir");
    MemoryBudget budget = MemoryBudget.forBroker(64 << 20);
    long brokerEpoch = metadata.image().broker(0).epoch();
    new LaneTakeover(
        metadata,
        0,
        brokerEpoch,
        new LaneId(0),
        new BucketLaneSealing(environment(heir, budget), LaneConfig.forBudget(budget), INCARNATION),
        heir,
        heir);
    CompactedLanes compacted = compact(heir, budget);
    simulation.runFor(Duration.ofMinutes(5));
    assertThat(newest(heir).l0()).as("nobody touches what the dead one may own").isNotEmpty();

    metadata.accept(new SealLane(DEAD, epoch, 0, brokerEpoch));
    simulation.runFor(Duration.ofHours(3));
    assertThat(metadata.image().lane(DEAD).state())
        .isEqualTo(io.sediment.metadata.Lane.State.SEALED);
    Manifest compactedManifest = newest(heir);
    assertThat(compactedManifest.l0()).isEmpty();
    assertThat(compactedManifest.level1().runs().stream().mapToLong(RunRef::dataBytes).sum())
        .isEqualTo(appendedBytes);
    assertThat(bucket.keys("data/"))
        .as("sources are gone")
        .containsExactlyInAnyOrderElementsOf(named(compactedManifest));
    assertThat(lengths(KEYS.walPrefix()))
        .as("fences")
        .containsOnly((long) SortedObject.FENCE_LENGTH);
    assertThat(bucket.keys(KEYS.manifestPrefix())).hasSize(1);

    Map<PartitionId, Long> starts = new HashMap<>();
    ends.forEach((id, end) -> starts.put(new PartitionId(id.topicId(), id.partition()), end));
    metadata.accept(new RaiseLogStarts(starts));
    simulation.runFor(Duration.ofHours(3));
    assertThat(newest(heir).level1().runs()).isEmpty();
    assertThat(bucket.keys("data/")).as("the partition table").hasSize(1);
    compacted.close();
  }
}
