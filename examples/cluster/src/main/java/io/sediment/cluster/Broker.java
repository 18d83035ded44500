package io.sediment.cluster;

import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.sediment.cluster.ValueTypes.HostAndPort;
import io.sediment.compactor.CompactionEnvironment;
import io.sediment.compactor.CompactionPace;
import io.sediment.compactor.keys.KeyCleaner;
import io.sediment.frontend.KafkaFrontend;
import io.sediment.frontend.admin.AdminHandlers;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.group.GroupSettings;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.frontend.net.BrokerServerConfig;
import io.sediment.frontend.partition.BalanceLoop;
import io.sediment.frontend.partition.EnginePartitionLane;
import io.sediment.frontend.partition.FollowedLogs;
import io.sediment.frontend.partition.PartitionHandoff;
import io.sediment.frontend.partition.PartitionLane;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.frontend.partition.PlacedPartitionLane;
import io.sediment.frontend.partition.PreferredMoves;
import io.sediment.frontend.retention.MetadataCompactedTopics;
import io.sediment.frontend.retention.MetadataLiveness;
import io.sediment.frontend.retention.RetentionLoop;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneSealer;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.metadata.ratis.RaftMetadata;
import io.sediment.objectstore.StoreProbe;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import io.sediment.runtime.Ticker;
import io.sediment.runtime.Turnstile;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.MicrometerWalMetrics;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One broker, wired. Parts are started in the order in which they need each other, and closed in
 * the opposite order; each is handed what it needs through its constructor, clocks and chance
 * included.
 */
final class Broker implements Service {
  private static final Logger log = LoggerFactory.getLogger(Broker.class);
  private static final Duration LOCAL_GARBAGE_PERIOD = Duration.ofSeconds(10);
  private static final int GROUP_MEMBERS_PART = 8;
  private static final int GROUP_THREADS_MAX = 4; // as many as Kafka has
  private static final Duration START_TIMEOUT = Duration.ofMinutes(5);
  static final Duration HANDOFF_TIMEOUT = Duration.ofSeconds(10);
  static final Duration TELLING_CLIENTS = Duration.ofMillis(500);
  private static final int LEASES_BEHIND_MAX = 2;
  private static final Duration MEASURING_INTERVAL = Duration.ofSeconds(10);
  private static final Duration TAKEOVER_LOOK_INTERVAL = Duration.ofSeconds(10);

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

  private Broker(BrokerSettings settings) {
    this.settings = settings;
  }

  /**
   * Returns when clients are served. Blocks; on failure everything that was started is closed
   * again.
   */
  static Broker start(BrokerSettings settings) throws Exception {
    Broker broker = new Broker(settings);
    boolean complete = false;
    try {
      broker.startParts();
      complete = true;
      return broker;
    } finally {
      if (!complete) {
        broker.close();
      }
    }
  }

  private void startParts() throws Exception {
    long begin = ticker.nanoTime();
    settings.requireRaftFolder();
    settings.requireDataFolder();
    settings.requirePortsApart();
    RaftMetadata.requireUnused(settings.raftPath());
    requirePortsFree();
    ProcessMeters.bindTo(meters);
    HttpEndpoint http =
        started(
            "http",
            HttpEndpoint.start(
                new InetSocketAddress(settings.host(), settings.httpPort()),
                () -> ready,
                meters::scrape,
                NamedThreads.pool("http", 2)));
    ThreadPoolScheduler scheduler =
        started("scheduler", new ThreadPoolScheduler("engine", engineThreads()));
    BrokerStores stores =
        started("object store", BrokerStores.open(settings, scheduler, ticker, random, meters));
    await(new StoreProbe(stores.main(), random).run()).requireHonest(stores.name());

    MemoryBudget budget = MemoryBudget.forBroker(MemoryLimits.budgetBytes(settings));
    ProcessMeters.bindTo(meters, budget);
    LaneConfig laneConfig = laneConfig(settings, budget);
    WalMetrics walMetrics = new MicrometerWalMetrics(meters);
    LongFunction<LaneEnvironment> laneEnvironments =
        incarnation -> laneEnvironment(stores, scheduler, budget, walMetrics, incarnation);
    RaftMetadata metadata =
        started(
            "metadata",
            openMetadata(stores, scheduler, new BucketLaneSealer(laneEnvironments, laneConfig)));
    long incarnation = metadata.incarnation().number();
    long brokerEpoch = await(Registration.of(metadata, registration(), scheduler));
    Membership membership =
        started(
            "membership",
            Membership.start(
                metadata,
                settings.brokerId(),
                brokerEpoch,
                settings.brokerLease(),
                scheduler,
                ticker,
                this::endWith));
    membership.bindTo(meters);
    LaneEnvironment laneEnvironment = laneEnvironments.apply(incarnation);
    Lane lane =
        await(
            new LaneStart(
                    metadata,
                    metadata.lanes(),
                    metadata::isNewestIncarnation,
                    settings.brokerId(),
                    brokerEpoch,
                    (id, epoch) ->
                        Lane.open(
                            laneEnvironment,
                            laneConfig,
                            id,
                            incarnation,
                            epoch,
                            LaneMeters.flushes(meters)))
                .start());
    started("lane", () -> close(lane));
    LaneMeters.bindTo(meters, lane);
    LaneId laneId = new LaneId(lane.id().value());
    lane.halted().thenAccept(cause -> laneHalted(metadata, membership, laneId, cause));
    started("lane watch", membership.watchLane(laneId, lane.epoch(), this::endWith)::cancel);
    started(
            "lane takeover",
            new LaneTakeover(
                metadata,
                settings.brokerId(),
                brokerEpoch,
                laneId,
                new BucketLaneSealing(laneEnvironment, laneConfig, incarnation),
                scheduler,
                ticker))
        .bindTo(meters);
    metadata.halted().thenAccept(this::endWith);
    started(
        "takeover watch",
        TakeoverWatch.start(
            scheduler, TAKEOVER_LOOK_INTERVAL, metadata::isNewestIncarnation, this::endWith));

    TopicConfigs topicConfigs = topicConfigs(settings);
    if (settings.compaction() == BrokerSettings.Compaction.IN_BROKER) {
      startCompaction(stores, metadata, lane, laneConfig, budget, topicConfigs, incarnation);
    }

    FollowedLogs followed =
        started(
            "followed partitions",
            new FollowedLogs(
                settings.brokerId(),
                settings.rack().orElse(null),
                metadata,
                lane::follow,
                lane::storedLane,
                membership::isLeaseHeld,
                settings.brokerLease().multipliedBy(LEASES_BEHIND_MAX),
                ticker));
    KafkaFrontend frontend =
        started(
            "kafka",
            startFrontend(
                metadata,
                brokerEpoch,
                membership,
                lane,
                followed,
                budget,
                scheduler,
                stores.name()));
    PartitionHandoff handoff =
        new PartitionHandoff(
            settings.brokerId(),
            brokerEpoch,
            metadata,
            frontend.logs(),
            laneId,
            lane.epoch(),
            lane::flush,
            scheduler);
    started("handoff", () -> handOver(handoff, scheduler));
    started(
        "preferred leaders", PreferredMoves.start(metadata, frontend.logs(), handoff, scheduler));
    BalanceLoop balance =
        started(
            "balance",
            BalanceLoop.start(
                settings.brokerId(),
                laneId,
                metadata,
                frontend.logs(),
                handoff,
                scheduler,
                ticker,
                settings.balanceInterval().orElse(MEASURING_INTERVAL),
                settings.balanceInterval().isPresent()));
    membership.exchange(
        () -> report(lane, balance),
        reports -> {
          followed.onReports(reports);
          balance.onReports(reports);
        });
    await(membership.admitted());
    serve(frontend, membership.isLeaseHeld());
    membership.onServing(held -> serve(frontend, held));
    log.info(
        "Sediment is ready: broker {} of cluster {} serves Kafka on {}:{} (port {}), data in {},"
            + " http on port {}, after {} ms",
        settings.brokerId(),
        metadata.image().clusterId(),
        settings.advertisedHost(),
        settings.advertisedPort(),
        frontend.port(),
        stores.name(),
        http.port(),
        TimeUnit.NANOSECONDS.toMillis(ticker.nanoTime() - begin));
  }

  private void startCompaction(
      BrokerStores stores,
      RaftMetadata metadata,
      Lane lane,
      LaneConfig laneConfig,
      MemoryBudget budget,
      TopicConfigs topicConfigs,
      long incarnation)
      throws IOException {
    ThreadPoolScheduler scheduler =
        started("compactor threads", new ThreadPoolScheduler("compactor", 1));
    long memory = budget.reservedBytes(Share.COMPACTION);
    long memoryForKeys = KeyCleaner.memoryOutOf(memory);
    BrokerCompaction compaction =
        new BrokerCompaction(
            new CompactionEnvironment(
                stores.catchUp(),
                scheduler,
                random,
                incarnation,
                budget,
                new CompactionPace(scheduler, ticker, settings.compactionBytesPerSecond()),
                new KeyCleaner(
                    new MetadataCompactedTopics(metadata, topicConfigs),
                    clock,
                    scheduler,
                    CompactionScratch.emptied(settings.raftPath()),
                    memoryForKeys),
                new MetadataLiveness(metadata, topicConfigs, clock, laneConfig.producerExpiry())
                    ::of),
            BrokerCompaction.options(settings).withMemory(memory - memoryForKeys),
            settings.compactionInterval(),
            meters);
    started("compaction", compaction.start(lane.compactable(), false));
    started(
        "sealed lanes",
        CompactedLanes.start(
            metadata,
            owned ->
                owned.state() == io.sediment.metadata.Lane.State.SEALED
                    && owned.owner() == settings.brokerId(),
            stores.catchUp(),
            scheduler,
            random,
            laneConfig.garbage(),
            laneConfig.garbageInterval(),
            compaction));
  }

  /** The configs of topics with their defaults. */
  static TopicConfigs topicConfigs(BrokerSettings settings) {
    BrokerConfigs brokerConfigs = new BrokerConfigs(settings.asKafkaConfigs());
    return (image, topic) ->
        new ConfigView(image, settings.brokerId(), brokerConfigs).effectiveTopic(topic.configs());
  }

  /** Clients are served while the lease is held. */
  private void serve(KafkaFrontend frontend, boolean held) {
    ready = held && !closing.get();
    frontend.turnAway(!held);
  }

  /** Of the owners that may follow, only a later incarnation or process means the end. */
  private void laneHalted(
      RaftMetadata metadata, Membership membership, LaneId lane, LaneHaltedException cause) {
    if (isCorruption(cause)) {
      endWith(cause);
      return;
    }
    metadata
        .isNewestIncarnation()
        .handle((newest, failure) -> failure == null && !newest)
        .thenAccept(
            takenOver ->
                endWith(
                    takenOver
                        ? new TakenOverException(
                            "lane " + lane + " halted: " + cause.getMessage(), cause)
                        : membership.whyLost(metadata.image(), lane)));
  }

  static boolean isCorruption(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CorruptObjectException) {
        return true;
      }
    }
    return false;
  }

  /** Before anything is touched, and in words: libraries report a taken port without its number. */
  private void requirePortsFree() throws BindException {
    requireFree("HOST", "HTTP_PORT", settings.host(), settings.httpPort());
    requireFree("HOST", "PORT", settings.host(), settings.port());
    HostAndPort raft = settings.raftListenAddress();
    requireFree("RAFT_LISTEN_ADDR", "RAFT_LISTEN_ADDR", raft.host(), raft.port());
  }

  /**
   * @param hostSetting the variable that named {@code host}
   */
  static void requireFree(String hostSetting, String portSetting, String host, int port)
      throws BindException {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(host, port));
    } catch (IOException | IllegalArgumentException e) {
      if (!isAddressOfThisMachine(host)) {
        throw new InvalidSettingException(hostSetting, host, "an address of this machine");
      }
      BindException named =
          new BindException(
              portSetting + ": cannot listen on " + host + ":" + port + ": " + e.getMessage());
      named.initCause(e);
      throw named;
    }
  }

  private static boolean isAddressOfThisMachine(String host) {
    try {
      InetAddress address = InetAddress.getByName(host);
      return address.isAnyLocalAddress()
          || address.isLoopbackAddress()
          || NetworkInterface.getByInetAddress(address) != null;
    } catch (IOException unknown) {
      return false;
    }
  }

  /** Where requests cost nothing, garbage need not wait. */
  static LaneConfig laneConfig(BrokerSettings settings, MemoryBudget budget) {
    LaneConfig config = LaneConfig.forBudget(budget);
    boolean isPriced = settings.storeType() == BrokerSettings.StoreType.S3;
    return config.withGarbage(
        isPriced ? GarbageOptions.DEFAULT : GarbageOptions.LOCAL,
        settings
            .garbageInterval()
            .orElse(isPriced ? config.garbageInterval() : LOCAL_GARBAGE_PERIOD));
  }

  private LaneEnvironment laneEnvironment(
      BrokerStores stores,
      ThreadPoolScheduler scheduler,
      MemoryBudget budget,
      WalMetrics walMetrics,
      long incarnation) {
    BucketWriteAheadLogs logs =
        new BucketWriteAheadLogs(
            stores.main(), walProfile(), incarnation, scheduler, ticker, random, walMetrics);
    return new LaneEnvironment(
        stores.main(),
        stores.catchUp(),
        stores.catchUpFiles(),
        logs,
        scheduler,
        ticker,
        clock,
        random,
        budget,
        new Turnstile(scheduler, ticker, settings.catchUpBytesPerSecond().orElse(0L)));
  }

  private RaftMetadata openMetadata(
      BrokerStores stores, ThreadPoolScheduler scheduler, LaneSealer sealer) throws IOException {
    Map<Integer, HostPort> peers = new TreeMap<>();
    settings.raftPeers().forEach((id, address) -> peers.put(id, hostPort(address)));
    MetadataConfig config =
        new MetadataConfig(
            settings.brokerId(),
            settings.clusterId(),
            hostPort(settings.raftListenAddress()),
            hostPort(settings.raftAdvertisedAddress()),
            peers,
            settings.raftPath(),
            settings.recoverFromBucket(),
            MetadataConfig.DEFAULT_START_TIMEOUT,
            MetadataConfig.DEFAULT_SUBMIT_TIMEOUT,
            settings.brokerLease());
    return RaftMetadata.open(config, stores.main(), scheduler, ticker, random, sealer);
  }

  private static HostPort hostPort(HostAndPort address) {
    return new HostPort(address.host(), address.port());
  }

  private RegisterBroker registration() {
    return new RegisterBroker(
        settings.brokerId(),
        new UUID(random.nextLong(), random.nextLong()),
        settings.advertisedHost(),
        settings.advertisedPort(),
        settings.rack().orElse(null));
  }

  private WalProfile walProfile() {
    if (settings.storeType() != BrokerSettings.StoreType.S3) {
      return WalProfile.LOCAL;
    }
    WalProfile profile =
        switch (settings.walProfile()) {
          case LATENCY -> WalProfile.LATENCY;
          case BALANCED -> WalProfile.BALANCED;
          case COST -> WalProfile.COST;
        };
    return settings.walHedging() ? profile : profile.withoutHedging();
  }

  private KafkaFrontend startFrontend(
      RaftMetadata metadata,
      long brokerEpoch,
      Membership membership,
      Lane lane,
      FollowedLogs followed,
      MemoryBudget budget,
      ThreadPoolScheduler scheduler,
      String storeName)
      throws InterruptedException {
    BrokerConfigs brokerConfigs = new BrokerConfigs(settings.asKafkaConfigs());
    FrontendSettings frontendSettings =
        new FrontendSettings(
            settings.autoCreateTopics(),
            settings.numPartitions(),
            FrontendSettings.DEFAULTS.defaultReplicationFactor(),
            FrontendSettings.DEFAULTS.fetchBytesMax(),
            FrontendSettings.DEFAULTS.fetchSessionsMax());
    int processors = Runtime.getRuntime().availableProcessors();
    GroupSettings groupSettings =
        new GroupSettings(
            settings.groups().offsetsTopicPartitions(),
            Math.min(GROUP_THREADS_MAX, Math.max(2, processors)),
            settings
                .groups()
                .memberBytesMax()
                .orElse(MemoryLimits.budgetBytes(settings) / GROUP_MEMBERS_PART),
            settings.groups().asKafkaConfigs());
    GroupConfigDefinitions groupConfigs = new GroupConfigDefinitions(groupSettings);
    KafkaFrontend.Config config =
        new KafkaFrontend.Config(
            settings.brokerId(),
            brokerEpoch,
            BrokerServerConfig.defaults(settings.host(), settings.port(), Math.max(2, processors)),
            frontendSettings,
            groupSettings,
            groupConfigs,
            brokerConfigs,
            processors);
    long unackedLimitBytes = budget.largestReservation(Share.WAL);
    PartitionLane partitions =
        new PlacedPartitionLane(new EnginePartitionLane(lane), metadata, lane::storedLane, clock);
    KafkaFrontend.Environment environment =
        new KafkaFrontend.Environment(
            metadata,
            partitions,
            followed,
            scheduler,
            ticker,
            clock,
            random,
            () -> ProduceThrottle.pauseMs(lane.unackedBytes(), unackedLimitBytes),
            budget,
            meters);
    TopicConfigs topicConfigs = topicConfigs(settings);
    PartitionLogs partitionLogs =
        new PartitionLogs(
            settings.brokerId(),
            metadata,
            environment.lane(),
            topicConfigs,
            clock,
            membership::isLeaseHeld);
    started(
        "retention",
        RetentionLoop.start(
            new LaneId(lane.id().value()),
            metadata,
            partitionLogs,
            topicConfigs,
            lane::reclaim,
            scheduler,
            clock,
            settings.retentionCheckInterval(),
            settings.retentionBudgetBytes().orElse(RetentionLoop.NO_BUDGET)));
    return KafkaFrontend.start(
        config,
        environment,
        partitionLogs,
        AdminHandlers.all(
            metadata,
            partitionLogs,
            settings.brokerId(),
            brokerConfigs,
            groupConfigs,
            storeName,
            settings.numPartitions(),
            () -> BucketStart.randomId(random),
            metadata::quorum,
            scheduler,
            clock));
  }

  /**
   * Others lead what this broker led before it stops to serve; where they cannot, or the lane is
   * lost anyway, they take it over afterwards.
   */
  private void handOver(PartitionHandoff handoff, ThreadPoolScheduler scheduler) {
    try (handoff) {
      if (end.isDone()) {
        return;
      }
      long begin = ticker.nanoTime();
      int count = handoff.drain().get(HANDOFF_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      log.info(
          "handed over {} partitions in {} ms",
          count,
          TimeUnit.NANOSECONDS.toMillis(ticker.nanoTime() - begin));
      if (count > 0) {
        // Clients that are told where to go are there at once; those whose connection breaks
        // search.
        CompletableFuture<Void> told = new CompletableFuture<>();
        scheduler.schedule(() -> told.complete(null), TELLING_CLIENTS);
        told.get();
      }
    } catch (ExecutionException | TimeoutException e) {
      log.warn("not everything was handed over: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static LaneReport report(Lane lane, BalanceLoop balance) {
    WalSlot acked = lane.ackedSlot();
    return new LaneReport(
        new LaneId(lane.id().value()), acked.epoch(), acked.seq(), balance.load());
  }

  private static int engineThreads() {
    return Math.max(2, Runtime.getRuntime().availableProcessors());
  }

  private <T extends AutoCloseable> T started(String name, T part) {
    return started.add(name, part);
  }

  /** One that has halted has nothing to finish; why it did has been said. */
  private static void close(Lane lane) throws Exception {
    boolean halted = lane.halted().isDone();
    try {
      await(lane.close());
    } catch (LaneHaltedException e) {
      if (!halted) {
        throw e;
      }
    }
  }

  private static <T> T await(CompletableFuture<T> future) throws Exception {
    try {
      return future.get(START_TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } catch (TimeoutException e) {
      future.cancel(false);
      throw new IllegalStateException("not done within " + START_TIMEOUT, e);
    }
  }

  private void endWith(Throwable cause) {
    ready = false;
    if (!closing.get()) {
      end.complete(cause);
    }
  }

  @Override
  public @Nullable Throwable awaitEnd() {
    return end.join();
  }

  /** Stops serving, finishes what is under way, flushes, lets go. Idempotent. */
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
