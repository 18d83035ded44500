package io.sediment.cluster;

import io.sediment.cluster.tools.ReadOnlyMetadata;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.bucket.BucketMetadata;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The compactor as a process of its own, for brokers that compact nothing: it clusters, cleans and
 * collects every lane of a bucket. It has no vote in the cluster and no state but a folder for
 * scratch files; what it knows of topics is what brokers have exported to the bucket. That may be a
 * little old, and then more stays than has to.
 *
 * <p>Two at once do no harm: who claims a lane later goes on, and the other one leaves it alone as
 * long as it is looked after.
 */
final class CompactorProcess extends Service {
  private static final Logger log = LoggerFactory.getLogger(CompactorProcess.class);
  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(10);
  private static final Duration START_TIMEOUT = Duration.ofMinutes(1);

  /** What brokers have exported last. */
  private volatile @Nullable MetadataImage image;

  private @Nullable CompactedLanes lanes; // guarded by this
  private long incarnation; // guarded by this: of the cluster that the lanes are looked after for

  private CompactorProcess(BrokerSettings settings) {
    super(settings, START_TIMEOUT);
  }

  /** Returns when it is at work. Blocks; on failure all that was started is closed again. */
  static CompactorProcess start(BrokerSettings settings) throws Exception {
    return startedOrClosed(new CompactorProcess(settings));
  }

  @Override
  void startParts() throws Exception {
    if (settings.storeType() == BrokerSettings.StoreType.MEMORY) {
      throw new InvalidSettingException(
          "OBJECT_STORE_TYPE", "memory", "local or s3: nobody else sees what is in memory");
    }
    settings.requireDataFolder();
    FreePort.require("HOST", "HTTP_PORT", settings.host(), settings.httpPort());
    HttpEndpoint http = startHttp();
    ProcessEnvironment process = startProcess("compactor", 2);
    Path scratch =
        CompactionScratch.emptied(
            Path.of(
                System.getProperty("java.io.tmpdir"), "sediment-compactor-" + settings.httpPort()));
    started("lanes", this::stopCompacting);
    started(
        "metadata",
        ExportedMetadata.start(
            new BucketMetadata(process.stores().catchUp(), process.scheduler()),
            process.scheduler(),
            LOOK_INTERVAL,
            newest -> compact(process, scratch, newest)));
    serving(true);
    log.info(
        "The compactor is at work on {}, http on port {}", process.stores().name(), http.port());
  }

  /** Begins with a cluster, and anew where the bucket was taken over by a next incarnation. */
  private synchronized void compact(
      ProcessEnvironment process, Path scratch, MetadataImage newest) {
    image = newest;
    if (isClosing() || (lanes != null && incarnation == newest.incarnation())) {
      return;
    }
    stopCompacting();
    incarnation = newest.incarnation();
    log.info("compacting for cluster {}, incarnation {}", newest.clusterId(), incarnation);
    ReadOnlyMetadata metadata = new ReadOnlyMetadata(this::image);
    LaneConfig laneConfig = BrokerLanes.config(settings, process.budget());
    lanes =
        CompactedLanes.start(
            metadata,
            any -> true,
            process.stores().catchUp(),
            process.scheduler(),
            random,
            laneConfig,
            CompactedLanes.LOOK_INTERVAL,
            BrokerCompaction.of(
                process,
                process.scheduler(),
                metadata,
                laneConfig.producerExpiry(),
                incarnation,
                scratch));
  }

  private MetadataImage image() {
    return Objects.requireNonNull(image);
  }

  private synchronized void stopCompacting() {
    CompactedLanes before = lanes;
    if (before != null) {
      before.close();
      lanes = null;
    }
  }
}
