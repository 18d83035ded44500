package io.sediment.cluster.simulation;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.cluster.BrokerCompaction;
import io.sediment.cluster.CompactedLanes;
import io.sediment.compactor.CompactionEnvironment;
import io.sediment.compactor.CompactionOptions;
import io.sediment.compactor.CompactionPace;
import io.sediment.compactor.RangeRewriter;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.frontend.retention.MetadataLiveness;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.simulation.SimScheduler;
import java.time.Duration;
import java.util.SplittableRandom;

/**
 * The compactors of one broker of several: of the lane that it appends to, and of the sealed ones
 * that it owns. Sizes are so small that a compaction takes several steps and objects.
 */
final class BrokerCompactors {
  private static final long MEMORY_BYTES = 64 << 20;
  private static final int NO_PACE = 0;
  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(2);

  private final SimpleMeterRegistry ownMeters = new SimpleMeterRegistry();
  private final SimpleMeterRegistry sealedMeters = new SimpleMeterRegistry();
  private final SimScheduler process;
  private final ObjectStore store;
  private final LaneConfig laneConfig;
  private final CompactionOptions options;
  private final Duration interval;
  private final BrokerMutant mutant;

  /**
   * @param draws draws sizes and times, differently for each process
   */
  BrokerCompactors(
      SimScheduler process,
      ObjectStore store,
      LaneConfig laneConfig,
      SplittableRandom draws,
      BrokerMutant mutant) {
    this.process = process;
    this.store = store;
    this.laneConfig = laneConfig;
    this.options = sizes(draws);
    this.interval = Duration.ofSeconds(2L << draws.nextInt(4));
    this.mutant = mutant;
  }

  private static CompactionOptions sizes(SplittableRandom draws) {
    int l0ObjectsMin = 1 + draws.nextInt(4);
    return new CompactionOptions(
        l0ObjectsMin,
        l0ObjectsMin + draws.nextInt(6),
        1 << 20,
        10_000,
        2 + draws.nextInt(4),
        8L << 10 << draws.nextInt(4),
        1L << 10 << draws.nextInt(5),
        4L << 10 << draws.nextInt(4),
        1L << 10 << draws.nextInt(5),
        1 << 10 << draws.nextInt(4),
        2 << 10);
  }

  /** Begins, and goes on for as long as the process does. */
  void start(
      int broker, Lane lane, ClusterMetadata metadata, TopicConfigs configs, long incarnation) {
    MetadataLiveness liveness =
        new MetadataLiveness(metadata, configs, process, laneConfig.producerExpiry());
    CompactionEnvironment environment =
        new CompactionEnvironment(
            store,
            process,
            process.random(),
            incarnation,
            MemoryBudget.forBroker(MEMORY_BYTES),
            new CompactionPace(process, process, NO_PACE),
            RangeRewriter.NONE,
            compacted ->
                liveness
                    .of(compacted)
                    .thenApply(wanted -> mutant.spoil(wanted, compacted, metadata.image())));
    new BrokerCompaction(environment, options, interval, ownMeters)
        .start(lane.compactable(), false);
    CompactedLanes.start(
        metadata,
        owned -> owned.state() == io.sediment.metadata.Lane.State.SEALED && owned.owner() == broker,
        store,
        process,
        process.random(),
        laneConfig,
        LOOK_INTERVAL,
        new BrokerCompaction(environment, options, interval, sealedMeters));
  }

  /** How often it has compacted something of the lane that it appends to. */
  long ofItsLane() {
    return committed(ownMeters);
  }

  /** How often it has compacted something of a sealed lane. */
  long ofSealedLanes() {
    return committed(sealedMeters);
  }

  private static long committed(SimpleMeterRegistry meters) {
    return meters.find("sediment.compaction").tag("kind", "source").summaries().stream()
        .mapToLong(DistributionSummary::count)
        .sum();
  }
}
