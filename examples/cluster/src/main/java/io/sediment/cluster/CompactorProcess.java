package io.sediment.cluster;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.sediment.cluster.tools.ReadOnlyMetadata;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.bucket.BucketMetadata;
import io.sediment.objectstore.StoreProbe;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import io.sediment.runtime.Ticker;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
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
final class CompactorProcess implements Service {
  private static final Logger log = LoggerFactory.getLogger(CompactorProcess.class);
  private static final Duration LOOK_INTERVAL = Duration.ofSeconds(10);
  private static final Duration START_TIMEOUT = Duration.ofMinutes(1);

  private final BrokerSettings settings;
  private final Ticker ticker = SystemPorts.ticker();
  private final InstantSource clock = SystemPorts.wallClock();
  private final RandomGenerator random = SystemPorts.secureRandom();
  private final PrometheusMeterRegistry meters =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final StartedParts started = new StartedParts();
  private final CompletableFuture<@Nullable Throwable> end = new CompletableFuture<>();
  private final AtomicBoolean closing = new AtomicBoolean();
  private volatile boolean ready;

  /** What brokers have exported last. */
  private volatile @Nullable MetadataImage image;

  private @Nullable CompactedLanes lanes; // guarded by this
  private long incarnation; // guarded by this: of the cluster that the lanes are looked after for

  private CompactorProcess(BrokerSettings settings) {
    this.settings = settings;
  }

  /** Returns when it is at work. Blocks; on failure all that was started is closed again. */
  static CompactorProcess start(BrokerSettings settings) throws Exception {
    CompactorProcess process = new CompactorProcess(settings);
    boolean complete = false;
    try {
      process.startParts();
      complete = true;
      return process;
    } finally {
      if (!complete) {
        process.close();
      }
    }
  }

  private void startParts() throws Exception {
    if (settings.storeType() == BrokerSettings.StoreType.MEMORY) {
      throw new InvalidSettingException(
          "OBJECT_STORE_TYPE", "memory", "local or s3: nobody else sees what is in memory");
    }
    settings.requireDataFolder();
    FreePort.require("HOST", "HTTP_PORT", settings.host(), settings.httpPort());
    ProcessMeters.bindTo(meters);
    HttpEndpoint http =
        started.add(
            "http",
            HttpEndpoint.start(
                new InetSocketAddress(settings.host(), settings.httpPort()),
                () -> ready,
                meters::scrape,
                NamedThreads.pool("http", 2)));
    ThreadPoolScheduler scheduler =
        started.add("scheduler", new ThreadPoolScheduler("compactor", 2));
    BrokerStores stores =
        started.add("object store", BrokerStores.open(settings, scheduler, ticker, random, meters));
    await(new StoreProbe(stores.main(), random).run()).requireHonest(stores.name());
    MemoryBudget budget = MemoryBudget.forBroker(MemoryLimits.budgetBytes(settings));
    ProcessMeters.bindTo(meters, budget);
    Path scratch =
        CompactionScratch.emptied(
            Path.of(
                System.getProperty("java.io.tmpdir"), "sediment-compactor-" + settings.httpPort()));
    ProcessEnvironment process =
        new ProcessEnvironment(settings, stores, scheduler, ticker, clock, random, budget, meters);
    started.add("lanes", this::stopCompacting);
    started.add(
        "metadata",
        ExportedMetadata.start(
            new BucketMetadata(stores.catchUp(), scheduler),
            scheduler,
            LOOK_INTERVAL,
            newest -> compact(process, scratch, newest)));
    ready = true;
    log.info("The compactor is at work on {}, http on port {}", stores.name(), http.port());
  }

  /** Begins with a cluster, and anew where the bucket was taken over by a next incarnation. */
  private synchronized void compact(
      ProcessEnvironment process, Path scratch, MetadataImage newest) {
    image = newest;
    if (closing.get() || (lanes != null && incarnation == newest.incarnation())) {
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
            laneConfig.garbage(),
            laneConfig.garbageInterval(),
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

  private static <T> T await(CompletableFuture<T> future) throws Exception {
    try {
      return future.get(START_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      throw new IllegalStateException("not done within " + START_TIMEOUT, e);
    }
  }

  @Override
  public @Nullable Throwable awaitEnd() {
    return end.join();
  }

  @Override
  public void close() {
    if (!closing.compareAndSet(false, true)) {
      return;
    }
    ready = false;
    started.close();
    end.complete(null);
  }
}
