package io.sediment.cluster.tools;

import io.sediment.compactor.CompactionEnvironment;
import io.sediment.compactor.CompactionOptions;
import io.sediment.compactor.CompactionPace;
import io.sediment.compactor.CompactionPlan;
import io.sediment.compactor.LaneCompactor;
import io.sediment.compactor.LayeredCompaction;
import io.sediment.compactor.keys.KeyCleaner;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.frontend.retention.MetadataCompactedTopics;
import io.sediment.frontend.retention.MetadataLiveness;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.lane.CompactableLane;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.SystemPorts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;

/** {@code compact}: what can be clustered. */
final class CompactCommand {
  private CompactCommand() {}

  @Command(
      name = "plan",
      description =
          "Say what a compactor with the settings of the environment would do next in each lane, by"
              + " its own policies.")
  static final class Plan extends BucketCommand {
    /** Of producers only what a job writes depends on it, not whether there is a job. */
    private static final Duration PRODUCER_EXPIRY = Duration.ofDays(1);

    /** Nothing is taken of it by planning. */
    private static final long BUDGET_BYTES = 64 << 20;

    Plan(ToolContext context) {
      super(context);
    }

    @Override
    int run(BucketView bucket, Output out) {
      MetadataImage image = bucket.image();
      CompactionEnvironment environment = environment(bucket, image);
      CompactionOptions options = bucket.compaction();
      for (LaneId lane : bucket.lanes()) {
        Manifest manifest = bucket.lane(lane).newest();
        Lane known = image.lane(new io.sediment.metadata.LaneId(lane.value()));
        boolean isSealed = known != null && known.state() == Lane.State.SEALED;
        LaneCompactor compactor =
            new LaneCompactor(
                new StillLane(manifest),
                isSealed,
                new LayeredCompaction(options),
                options,
                environment);
        out.row(row(manifest, isSealed, bucket.await(compactor.plan())));
      }
      return Tools.EXIT_CLEAN;
    }

    private static Row row(Manifest manifest, boolean isSealed, Optional<CompactionPlan> plan) {
      LaneId lane = manifest.lane();
      return new Row("compact")
          .with("lane", lane.value())
          .with("sealed", isSealed)
          .with("manifest", manifest.id())
          .with("l0Objects", manifest.l0().size())
          .with("runs", manifest.level1().runs().size())
          .with(
              "next", plan.map(it -> it.reason().name().toLowerCase(Locale.ROOT)).orElse("nothing"))
          .with("bytes", plan.map(CompactionPlan::dataBytes))
          .with("takesRuns", plan.map(it -> it.runs().stream().map(run -> run.key(lane)).toList()))
          .with("takesL0", plan.map(it -> it.l0().stream().map(ref -> ref.key(lane)).toList()));
    }

    private CompactionEnvironment environment(BucketView bucket, MetadataImage image) {
      ReadOnlyMetadata metadata = new ReadOnlyMetadata(() -> image);
      TopicConfigs configs = bucket.topicConfigs();
      return new CompactionEnvironment(
          bucket.store(),
          bucket.scheduler(),
          SystemPorts.random(),
          image.incarnation(),
          MemoryBudget.forBroker(BUDGET_BYTES),
          new CompactionPace(bucket.scheduler(), context().ticker(), 0),
          new KeyCleaner(
              new MetadataCompactedTopics(metadata, configs),
              context().clock(),
              bucket.scheduler(),
              Path.of(System.getProperty("java.io.tmpdir")), // touched by jobs only
              BUDGET_BYTES),
          new MetadataLiveness(metadata, configs, context().clock(), PRODUCER_EXPIRY)::of);
    }
  }

  /** A lane at one moment. */
  private record StillLane(Manifest manifest) implements CompactableLane {
    @Override
    public LaneId id() {
      return manifest.lane();
    }

    @Override
    public CompletableFuture<Manifest> newest() {
      return CompletableFuture.completedFuture(manifest);
    }

    @Override
    public CompletableFuture<Manifest> commit(ManifestEdit edit) {
      return CompletableFuture.failedFuture(
          new UnsupportedOperationException("nothing is changed here: " + edit));
    }
  }
}
