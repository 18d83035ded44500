package io.sediment.cluster;

import io.sediment.cluster.ValueTypes.HostAndPort;
import io.sediment.frontend.KafkaFrontend;
import io.sediment.frontend.partition.BalanceLoop;
import io.sediment.frontend.partition.EnginePartitionLane;
import io.sediment.frontend.partition.FollowedLogs;
import io.sediment.frontend.partition.LanesAhead;
import io.sediment.frontend.partition.PartitionHandoff;
import io.sediment.frontend.partition.PartitionLane;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.frontend.partition.PlacedPartitionLane;
import io.sediment.frontend.partition.PreferredMoves;
import io.sediment.frontend.rehearsal.Rehearsal;
import io.sediment.frontend.retention.RetentionLoop;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.metadata.ratis.RaftMetadata;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One broker, wired. */
final class Broker extends Service {
  private static final Logger log = LoggerFactory.getLogger(Broker.class);
  private static final Duration START_TIMEOUT = Duration.ofMinutes(5);
  static final Duration HANDOFF_TIMEOUT = Duration.ofSeconds(10);
  static final Duration TELLING_CLIENTS = Duration.ofMillis(500);
  private static final Duration REHEARSAL_END_MAX = Duration.ofSeconds(10);
  private static final int LEASES_BEHIND_MAX = 2;
  private static final Duration MEASURING_INTERVAL = Duration.ofSeconds(10);
  private static final Duration TAKEOVER_LOOK_INTERVAL = Duration.ofSeconds(10);

  private Broker(BrokerSettings settings) {
    super(settings, START_TIMEOUT);
  }

  /**
   * Returns when clients are served. Blocks; on failure everything that was started is closed
   * again.
   */
  static Broker start(BrokerSettings settings) throws Exception {
    return startedOrClosed(new Broker(settings));
  }

  @Override
  void startParts() throws Exception {
    long begin = ticker.nanoTime();
    requireUnusedPlaces();
    HttpEndpoint http = startHttp();
    ProcessEnvironment process = startProcess("engine", engineThreads());
    CompletableFuture<Void> rehearsed = rehearse(process);
    BrokerLanes lanes = new BrokerLanes(process);
    RaftMetadata metadata = started("metadata", openMetadata(process, lanes));
    metadata.halted().thenAccept(this::endWith);
    long brokerEpoch = register(process, metadata);
    Membership membership =
        started(
            "membership",
            Membership.start(
                metadata,
                settings.brokerId(),
                brokerEpoch,
                settings.brokerLease(),
                process.scheduler(),
                ticker,
                this::endWith));
    membership.bindTo(meters);
    Lane lane = startLane(process, lanes, metadata, membership, brokerEpoch);
    if (settings.compaction() == BrokerSettings.Compaction.IN_BROKER) {
      startCompaction(process, lanes.config(), metadata, lane);
    }
    KafkaFrontend frontend = startServing(process, metadata, membership, lane, brokerEpoch);
    await(membership.admitted());
    await(rehearsed);
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
        process.stores().name(),
        http.port(),
        TimeUnit.NANOSECONDS.toMillis(ticker.nanoTime() - begin));
  }

  /** Before anything is touched. */
  private void requireUnusedPlaces() throws IOException {
    settings.requireDataFolder();
    settings.requireRaftFolder();
    settings.requirePortsApart();
    RaftMetadata.requireUnused(settings.raftPath());
    FreePort.require("HOST", "HTTP_PORT", settings.host(), settings.httpPort());
    FreePort.require("HOST", "PORT", settings.host(), settings.port());
    HostAndPort raft = settings.raftListenAddress();
    FreePort.require("RAFT_LISTEN_ADDR", "RAFT_LISTEN_ADDR", raft.host(), raft.port());
  }

  /**
   * Beside the rest of the start, much of which waits for others. Where it fails the first clients
   * are served later, and nothing else is different.
   */
  private CompletableFuture<Void> rehearse(ProcessEnvironment process) {
    ExecutorService thread = NamedThreads.pool("rehearsal", 1);
    CompletableFuture<Void> rehearsed =
        CompletableFuture.runAsync(
            () -> {
              try {
                Rehearsal.play(process.scheduler(), ticker, clock, random);
              } catch (IOException | RuntimeException e) {
                log.warn("nothing was rehearsed, the first clients will wait longer", e);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            thread);
    started(
        "rehearsal",
        () -> {
          thread.shutdownNow();
          thread.awaitTermination(REHEARSAL_END_MAX.toMillis(), TimeUnit.MILLISECONDS);
        });
    return rehearsed;
  }

  private Lane startLane(
      ProcessEnvironment process,
      BrokerLanes lanes,
      RaftMetadata metadata,
      Membership membership,
      long brokerEpoch)
      throws Exception {
    long incarnation = metadata.incarnation().number();
    LaneEnvironment environment = lanes.environment(incarnation);
    Lane lane =
        await(
            new LaneStart(
                    metadata,
                    metadata.lanes(),
                    metadata::isNewestIncarnation,
                    settings.brokerId(),
                    brokerEpoch,
                    (id, epoch) -> lanes.open(environment, id, incarnation, epoch))
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
                new BucketLaneSealing(environment, lanes.config(), incarnation),
                process.scheduler(),
                ticker))
        .bindTo(meters);
    started(
        "takeover watch",
        TakeoverWatch.start(
            process.scheduler(),
            TAKEOVER_LOOK_INTERVAL,
            metadata::isNewestIncarnation,
            this::endWith));
    return lane;
  }

  private void startCompaction(
      ProcessEnvironment process, LaneConfig laneConfig, RaftMetadata metadata, Lane lane)
      throws IOException {
    ThreadPoolScheduler scheduler =
        started("compactor threads", new ThreadPoolScheduler("compactor", 1));
    BrokerCompaction compaction =
        BrokerCompaction.of(
            process,
            scheduler,
            metadata,
            laneConfig.producerExpiry(),
            metadata.incarnation().number(),
            CompactionScratch.emptied(settings.raftPath()));
    started("compaction", compaction.start(lane.compactable(), false));
    started(
        "sealed lanes",
        CompactedLanes.start(
            metadata,
            owned ->
                owned.state() == io.sediment.metadata.Lane.State.SEALED
                    && owned.owner() == settings.brokerId(),
            process.stores().catchUp(),
            scheduler,
            random,
            laneConfig,
            CompactedLanes.LOOK_INTERVAL,
            compaction));
  }

  /** What is led and what is followed, the Kafka side in front of it, and what moves it. */
  private KafkaFrontend startServing(
      ProcessEnvironment process,
      RaftMetadata metadata,
      Membership membership,
      Lane lane,
      long brokerEpoch)
      throws InterruptedException {
    LaneId laneId = new LaneId(lane.id().value());
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
    started("lanes ahead", LanesAhead.start(settings.brokerId(), metadata, lane::lookAhead));
    PartitionLane partitions =
        new PlacedPartitionLane(new EnginePartitionLane(lane), metadata, lane::storedLane);
    TopicConfigs topicConfigs = settings.topicConfigs();
    PartitionLogs logs =
        new PartitionLogs(
            settings.brokerId(),
            metadata,
            partitions,
            topicConfigs,
            clock,
            membership::isLeaseHeld);
    started(
        "retention",
        RetentionLoop.start(
            laneId,
            metadata,
            logs,
            topicConfigs,
            lane::reclaim,
            process.scheduler(),
            clock,
            settings.retentionCheckInterval(),
            settings.retentionBudgetBytes().orElse(RetentionLoop.NO_BUDGET)));
    KafkaFrontend frontend =
        started(
            "kafka",
            BrokerFrontend.start(process, metadata, brokerEpoch, lane, partitions, logs, followed));
    BalanceLoop balance = startMoving(process.scheduler(), metadata, lane, logs, brokerEpoch);
    membership.exchange(
        () -> report(lane, balance),
        reports -> {
          followed.onReports(reports);
          balance.onReports(reports);
        });
    return frontend;
  }

  /** Hands partitions over: all of them in the end, some to whom they belong or who has less. */
  private BalanceLoop startMoving(
      ThreadPoolScheduler scheduler,
      RaftMetadata metadata,
      Lane lane,
      PartitionLogs logs,
      long brokerEpoch) {
    LaneId laneId = new LaneId(lane.id().value());
    PartitionHandoff handoff =
        new PartitionHandoff(
            settings.brokerId(),
            brokerEpoch,
            metadata,
            logs,
            laneId,
            lane.epoch(),
            lane::flush,
            scheduler);
    started("handoff", () -> handOver(handoff, scheduler));
    started("preferred leaders", PreferredMoves.start(metadata, logs, handoff, scheduler));
    return started(
        "balance",
        BalanceLoop.start(
            settings.brokerId(),
            laneId,
            metadata,
            logs,
            handoff,
            scheduler,
            ticker,
            settings.balanceInterval().orElse(MEASURING_INTERVAL),
            settings.balanceInterval().isPresent()));
  }

  /** Clients are served while the lease is held. */
  private void serve(KafkaFrontend frontend, boolean held) {
    serving(held);
    frontend.turnAway(!held);
  }

  /** Of the owners that may follow, only a later incarnation or process means the end. */
  private void laneHalted(
      RaftMetadata metadata, Membership membership, LaneId lane, LaneHaltedException cause) {
    if (CorruptObjectException.isCauseOf(cause)) {
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

  private RaftMetadata openMetadata(ProcessEnvironment process, BrokerLanes lanes)
      throws IOException {
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
    return RaftMetadata.open(
        config,
        process.stores().main(),
        process.scheduler(),
        ticker,
        random,
        new BucketLaneSealer(lanes::environment, lanes.config()));
  }

  private static HostPort hostPort(HostAndPort address) {
    return new HostPort(address.host(), address.port());
  }

  private long register(ProcessEnvironment process, RaftMetadata metadata) throws Exception {
    try (PeerReach reach = new PeerReach(settings.raftPeers(), settings.brokerId())) {
      return await(Registration.of(metadata, registration(), reach::inWords, process.scheduler()));
    }
  }

  private RegisterBroker registration() {
    return new RegisterBroker(
        settings.brokerId(),
        new UUID(random.nextLong(), random.nextLong()),
        settings.advertisedHost(),
        settings.advertisedPort(),
        settings.rack().orElse(null));
  }

  /**
   * Others lead what this broker led before it stops to serve; where they cannot, or the lane is
   * lost anyway, they take it over afterwards.
   */
  private void handOver(PartitionHandoff handoff, ThreadPoolScheduler scheduler) {
    try (handoff) {
      if (hasEnded()) {
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

  /** One that has halted has nothing to finish; why it did has been said. */
  private void close(Lane lane) throws Exception {
    boolean halted = lane.halted().isDone();
    try {
      await(lane.close());
    } catch (LaneHaltedException e) {
      if (!halted) {
        throw e;
      }
    }
  }
}
