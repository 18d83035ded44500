package io.sediment.cluster;

import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.compactor.CompactionEnvironment;
import io.sediment.compactor.CompactionOptions;
import io.sediment.compactor.CompactionPace;
import io.sediment.compactor.CompactionResult;
import io.sediment.compactor.CompactorLoop;
import io.sediment.compactor.LaneCompactor;
import io.sediment.compactor.LayeredCompaction;
import io.sediment.compactor.keys.KeyCleaner;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.frontend.retention.MetadataCompactedTopics;
import io.sediment.frontend.retention.MetadataLiveness;
import io.sediment.lsm.lane.CompactableLane;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.runtime.Scheduler;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The compactors of one process: each lane has its own, and all of them share its threads, its
 * memory and its pace.
 */
public final class BrokerCompaction {
  private final CompactionEnvironment environment;
  private final CompactionOptions options;
  private final Duration interval;
  private final MeterRegistry meters;
  private final List<LaneCompactor> compactors = new CopyOnWriteArrayList<>();

  /**
   * @param interval from a turn of a compactor that had nothing to do to its next
   */
  public BrokerCompaction(
      CompactionEnvironment environment,
      CompactionOptions options,
      Duration interval,
      MeterRegistry meters) {
    this.environment = environment;
    this.options = options;
    this.interval = interval;
    this.meters = meters;
    Gauge.builder("sediment.compaction.damaged.objects", compactors, BrokerCompaction::damaged)
        .register(meters);
  }

  /**
   * @param scheduler whose threads compact
   * @param metadata which topics there are, and what of them has to stay
   * @param scratch an empty folder
   */
  static BrokerCompaction of(
      ProcessEnvironment process,
      Scheduler scheduler,
      ClusterMetadata metadata,
      Duration producerExpiry,
      long incarnation,
      Path scratch) {
    BrokerSettings settings = process.settings();
    TopicConfigs topicConfigs = settings.topicConfigs();
    long memory = process.budget().reservedBytes(Share.COMPACTION);
    long memoryForKeys = KeyCleaner.memoryOutOf(memory);
    KeyCleaner cleaner =
        new KeyCleaner(
            new MetadataCompactedTopics(metadata, topicConfigs),
            process.clock(),
            scheduler,
            scratch,
            memoryForKeys);
    CompactionEnvironment environment =
        new CompactionEnvironment(
            process.stores().catchUp(),
            scheduler,
            process.random(),
            incarnation,
            process.budget(),
            new CompactionPace(scheduler, process.ticker(), settings.compactionBytesPerSecond()),
            cleaner,
            new MetadataLiveness(metadata, topicConfigs, process.clock(), producerExpiry)::of);
    return new BrokerCompaction(
        environment,
        options(settings).withMemory(memory - memoryForKeys),
        settings.compactionInterval(),
        process.meters());
  }

  private static long damaged(List<LaneCompactor> compactors) {
    return compactors.stream().mapToLong(LaneCompactor::damagedObjects).sum();
  }

  /** Sizes by the settings, whatever the memory. */
  static CompactionOptions options(BrokerSettings settings) {
    return CompactionOptions.DEFAULT.withL0Objects(
        settings.compactionL0Objects(), 2 * settings.compactionL0Objects());
  }

  /** Begins to compact a lane, until it is closed. */
  public CompactorLoop start(CompactableLane lane, boolean isSealed) {
    Scheduler scheduler = environment.scheduler();
    LaneCompactor compactor =
        new LaneCompactor(lane, isSealed, new LayeredCompaction(options), options, environment);
    compactors.add(compactor);
    CompactorLoop loop = new CompactorLoop(compactor, scheduler, interval, this::count);
    loop.start();
    return loop;
  }

  private void count(CompactionResult result) {
    summary(result, "source").record(result.sourceBytes());
    summary(result, "written").record(result.writtenBytes());
    summary(result, "referenced").record(result.referencedBytes());
  }

  private DistributionSummary summary(CompactionResult result, String kind) {
    return DistributionSummary.builder("sediment.compaction")
        .baseUnit("bytes")
        .tag("reason", result.plan().reason().name().toLowerCase(Locale.ROOT))
        .tag("kind", kind)
        .register(meters);
  }
}
