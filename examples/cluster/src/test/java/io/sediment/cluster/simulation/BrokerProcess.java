package io.sediment.cluster.simulation;

import io.sediment.cluster.BucketLaneSealer;
import io.sediment.cluster.BucketLaneSealing;
import io.sediment.cluster.LaneStart;
import io.sediment.cluster.LaneTakeover;
import io.sediment.cluster.TakeoverWatch;
import io.sediment.frontend.admin.DeleteRecordsHandler;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.DataHandlers;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.EnginePartitionLane;
import io.sediment.frontend.partition.FollowedLogs;
import io.sediment.frontend.partition.FollowedPartitions;
import io.sediment.frontend.partition.LanesAhead;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.frontend.partition.PlacedPartitionLane;
import io.sediment.frontend.retention.RetentionLoop;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.Topic;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.bucket.IncarnationRegister;
import io.sediment.metadata.bucket.LaneRegister;
import io.sediment.metadata.liveness.BrokerLease;
import io.sediment.metadata.liveness.FailoverWatch;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.HeartbeatReply;
import io.sediment.metadata.liveness.LaneReport;
import io.sediment.metadata.liveness.LeaseKeeper;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.Ticker;
import io.sediment.runtime.Waiter;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.SimThread;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/**
 * One process of the broker: everything that {@code main} wires, but for sockets, Raft and groups,
 * with sizes that make haste. It ends as the real one does: where it is fenced, taken over, or its
 * lane has stopped.
 */
final class BrokerProcess {
  private static final Duration STEP_LIMIT = Duration.ofMinutes(5);
  private static final Duration TAKEOVER_LOOK_INTERVAL = Duration.ofSeconds(10);
  private static final Duration FOLLOWER_BEHIND_MAX = RaftMember.LEASE.multipliedBy(2);

  /** What the metadata group has for one broker. */
  private record Opened(ClusterMetadata log, @Nullable RaftMember member, long incarnation) {}

  private final int id;
  private final TopicConfigs topicConfigs;
  private final SimScheduler process;
  private final ObjectStore store;
  private final SimulatedDisk disk;
  private final @Nullable SimulatedRaft raft;
  private final boolean recovers;
  private final BrokerMutant mutant;
  private final WalProfile walProfile;
  private final LaneConfig laneConfig;
  private final MemoryBudget budget;
  private final BrokerCompactors compactors;
  private final Map<ApiKeys, ApiHandler<?, ?>> handlers = new EnumMap<>(ApiKeys.class);
  private final Map<MemoryBudget.Share, Long> taken = new EnumMap<>(MemoryBudget.Share.class);
  private @Nullable ClusterMetadata metadata;
  private @Nullable Lane lane;
  private @Nullable PartitionLogs logs;
  private @Nullable BrokerMoves moves;
  private @Nullable FollowedLogs followed;
  private @Nullable RaftMember member;
  private @Nullable BrokerLease lease;
  private @Nullable Generation generation;
  private @Nullable Throwable end;
  private long takeovers;
  private long leasesLost;

  /**
   * @param recovers whether it may begin a new incarnation, as RECOVER_FROM_BUCKET says
   * @param options draws sizes and times, differently for each process
   */
  BrokerProcess(
      SimScheduler process,
      ObjectStore store,
      SimulatedDisk disk,
      boolean recovers,
      SplittableRandom options,
      BrokerMutant mutant) {
    this(0, process, store, disk, null, recovers, options, mutant);
  }

  /** One broker of several, whose metadata is {@code raft}'s. */
  BrokerProcess(
      int id,
      SimScheduler process,
      ObjectStore store,
      SimulatedRaft raft,
      SplittableRandom options,
      BrokerMutant mutant) {
    this(id, process, store, new SimulatedDisk(), raft, false, options, mutant);
  }

  private BrokerProcess(
      int id,
      SimScheduler process,
      ObjectStore store,
      SimulatedDisk disk,
      @Nullable SimulatedRaft raft,
      boolean recovers,
      SplittableRandom options,
      BrokerMutant mutant) {
    this.id = id;
    BrokerConfigs configs = new BrokerConfigs(Map.of("node.id", Integer.toString(id)));
    this.topicConfigs =
        (image, topic) -> new ConfigView(image, id, configs).effectiveTopic(topic.configs());
    this.raft = raft;
    this.process = process;
    this.store = store;
    this.disk = disk;
    this.recovers = recovers;
    this.mutant = mutant;
    this.walProfile =
        switch (options.nextInt(3)) {
          case 0 -> WalProfile.LOCAL;
          case 1 -> WalProfile.BALANCED;
          default -> WalProfile.LATENCY;
        };
    this.laneConfig =
        new LaneConfig(
            8 << 10 << options.nextInt(4),
            options.nextInt(3),
            4_000L << options.nextInt(6),
            Duration.ofMillis(200L << options.nextInt(8)),
            1 + options.nextInt(3),
            Duration.ofMillis(20),
            Duration.ofSeconds(1),
            Duration.ofDays(1),
            new GarbageOptions(32, 1 + options.nextInt(20), Duration.ofMillis(20)),
            Duration.ofSeconds(1L << options.nextInt(5)));
    this.budget = MemoryBudget.forBroker(1L << (19 + options.nextInt(4)));
    this.compactors = new BrokerCompactors(process, store, laneConfig, options, mutant);
  }

  SimScheduler process() {
    return process;
  }

  SimulatedDisk disk() {
    return disk;
  }

  /** It answers clients, or did when it was last heard of. */
  boolean isServing() {
    return generation != null && end == null && !process.isCrashed();
  }

  /** Null before it serves. */
  @Nullable Generation generation() {
    return generation;
  }

  /** Why it ended by itself; null where it did not. */
  @Nullable Throwable end() {
    return end;
  }

  ClusterMetadata metadata() {
    ClusterMetadata known = metadata;
    if (known == null) {
      throw new IllegalStateException("not serving: " + process);
    }
    return known;
  }

  ApiHandler<?, ?> handler(ApiKeys key) {
    ApiHandler<?, ?> known = handlers.get(key);
    if (known == null) {
      throw new IllegalStateException("not served by " + process + ": " + key);
    }
    return known;
  }

  void start() {
    process.trace((recovers ? "starts, may recover, " : "starts, ") + laneConfig);
    disk.takenBy(process, process.random());
    SimThread.start(
            process,
            waiter -> {
              serve(waiter);
              return generation;
            })
        .whenComplete(
            (serving, failure) -> {
              if (failure != null) {
                endWith(failure);
              } else {
                process.trace("serves as " + serving);
              }
            });
  }

  private void serve(Waiter waiter) throws Exception {
    UUID writer = BucketStart.randomId(process.random());
    Opened opened = open(waiter, writer);
    ClusterMetadata log = opened.log;
    long incarnation = opened.incarnation;
    long brokerEpoch =
        waiter
            .await(
                log.submit(
                    new RegisterBroker(
                        id, BucketStart.randomId(process.random()), "broker", 9092, rackOf(id))),
                STEP_LIMIT)
            .valueOrThrow();
    member = opened.member;
    if (opened.member != null) {
      keepLease(opened.member, brokerEpoch);
    }
    IncarnationRegister incarnations = new IncarnationRegister(store, process);
    Lane started =
        waiter.await(
            new LaneStart(
                    log,
                    new LaneRegister(store, process, incarnation, writer),
                    () -> incarnations.isNewest(incarnation),
                    id,
                    brokerEpoch,
                    (laneId, epoch) ->
                        Lane.open(
                            laneEnvironment(incarnation),
                            laneConfig,
                            laneId,
                            incarnation,
                            epoch,
                            FlushListener.NONE))
                .start(),
            STEP_LIMIT);
    started.halted().thenAccept(this::endWith);
    TakeoverWatch.start(
        process, TAKEOVER_LOOK_INTERVAL, () -> incarnations.isNewest(incarnation), this::endWith);
    lane = started;
    metadata = log;
    serveClients(log, started, brokerEpoch);
    if (opened.member != null) {
      serveOthers(opened.member, started, brokerEpoch, incarnation);
    }
    generation = new Generation(incarnation, started.epoch());
  }

  private Opened open(Waiter waiter, UUID writer) throws Exception {
    SimulatedRaft group = raft;
    if (group != null) {
      RaftMember member = new RaftMember(process, store, group, writer, this::endWith);
      group.join(member);
      waiter.await(member.firstImage(), STEP_LIMIT);
      return new Opened(member, member, group.started().incarnation().number());
    }
    BucketStart.Started started = bucketStart(waiter, writer).start();
    SimulatedMetadata log =
        new SimulatedMetadata(process, store, disk, started, writer, mutant, this::endWith);
    waiter.await(log.lead(), STEP_LIMIT);
    return new Opened(log, null, started.incarnation().number());
  }

  private BucketStart bucketStart(Waiter waiter, UUID writer) {
    return new BucketStart(
        config(),
        store,
        process,
        waiter,
        process.random(),
        new BucketLaneSealer(
            incarnation -> laneEnvironment(incarnation, mutant.spoilRebirth(store)), laneConfig),
        (joined, newest) -> {
          throw new IllegalStateException("there is one voter, and nobody takes its place");
        },
        disk,
        writer);
  }

  /** Makes the bucket a cluster's, or another one's, without serving anybody. */
  CompletableFuture<BucketStart.Started> found() {
    return SimThread.start(
        process, waiter -> bucketStart(waiter, BucketStart.randomId(process.random())).start());
  }

  private void keepLease(RaftMember member, long brokerEpoch) {
    Ticker leaseClock = mutant.leaseClock(process);
    BrokerLease kept = new BrokerLease(leaseClock);
    lease = kept;
    FailoverWatch.start(id, member, member.leases(), process, process);
    LeaseKeeper.start(
        kept,
        RaftMember.LEASE,
        () -> heartbeat(member, brokerEpoch),
        mutant.applied(member::appliedIndex),
        new LeaseKeeper.Listener() {
          @Override
          public void onLost() {
            process.trace("has no lease");
            leasesLost++;
          }

          @Override
          public void onHeld() {
            process.trace("has a lease");
          }

          @Override
          public void onReplaced() {
            endWith(new IllegalStateException("another process has registered as broker " + id));
          }
        },
        process,
        leaseClock);
  }

  /** Says how far the lane is acknowledged, and hears how far those of the others are. */
  private CompletableFuture<HeartbeatReply> heartbeat(RaftMember by, long brokerEpoch) {
    Lane open = lane;
    BrokerMoves moving = moves;
    LaneReport report = null;
    if (open != null) {
      WalSlot acked = open.ackedSlot();
      long load = moving == null ? 0 : moving.load();
      report =
          mutant.spoil(
              new LaneReport(new LaneId(open.id().value()), acked.epoch(), acked.seq(), load));
    }
    return by.heartbeat(new Heartbeat(id, brokerEpoch, false, report))
        .thenApply(
            reply -> {
              FollowedLogs known = followed;
              if (known != null) {
                known.onReports(reply.lanes());
              }
              if (moving != null) {
                moving.onReports(reply.lanes());
              }
              return reply;
            });
  }

  /**
   * What a broker does for the others: takes their lanes over, compacts them, hands its partitions
   * to them.
   */
  private void serveOthers(RaftMember member, Lane opened, long brokerEpoch, long incarnation) {
    LaneId laneId = new LaneId(opened.id().value());
    member.subscribe(
        (before, after) -> {
          io.sediment.metadata.Lane known = after.lane(laneId);
          if (known != null && (known.owner() != id || known.epoch() != opened.epoch())) {
            endWith(new IllegalStateException("others took over " + laneId));
          }
        });
    new LaneTakeover(
        member,
        id,
        brokerEpoch,
        laneId,
        counted(
            new BucketLaneSealing(
                laneEnvironment(incarnation, mutant.spoilTakeover(store)),
                laneConfig,
                incarnation)),
        process,
        process);
    compactors.start(id, opened, member, topicConfigs, incarnation);
    moves = new BrokerMoves(id, brokerEpoch, member, logs(), opened, process, mutant);
  }

  private LaneTakeover.Sealing counted(LaneTakeover.Sealing sealing) {
    return (dead, epoch) ->
        sealing
            .seal(dead, epoch)
            .whenComplete(
                (ends, failure) -> {
                  process.trace("took " + dead + " over: " + ends + " " + failure);
                  takeovers += failure == null ? 1 : 0;
                });
  }

  /** How often its lease has ended. */
  long leasesLost() {
    return leasesLost;
  }

  /** How many lanes of others it has closed. */
  long takeovers() {
    return takeovers;
  }

  private PartitionLogs logs() {
    PartitionLogs known = logs;
    if (known == null) {
      throw new IllegalStateException("not serving: " + process);
    }
    return known;
  }

  private void serveClients(ClusterMetadata log, Lane opened, long brokerEpoch) {
    EarlyAnswers early = new EarlyAnswers();
    BrokerLease kept = lease;
    LanesAhead.start(id, log, opened::lookAhead);
    PartitionLogs served =
        new PartitionLogs(
            id,
            log,
            mutant.spoil(
                new PlacedPartitionLane(
                    new EnginePartitionLane(opened), log, opened::storedLane, process),
                process,
                early),
            topicConfigs,
            process,
            () -> kept == null || kept.isHeld());
    logs = served;
    RetentionLoop.start(
        new LaneId(opened.id().value()),
        log,
        served,
        topicConfigs,
        opened::reclaim,
        process,
        process,
        Duration.ofSeconds(2),
        RetentionLoop.NO_BUDGET);
    FollowedPartitions nearby = kept == null ? FollowedPartitions.NONE : follow(log, opened, kept);
    DataHandlers.Parts parts =
        new DataHandlers.Parts(
            id,
            brokerEpoch,
            mutant.spoil(log),
            served,
            nearby,
            new BatchPreparer(process),
            process,
            process,
            process,
            process,
            process.random(),
            () -> 0,
            FrontendSettings.DEFAULTS);
    for (ApiHandler<?, ?> handler : DataHandlers.all(parts)) {
      handlers.put(handler.key(), mutant.spoilHints(mutant.spoil(handler, early), served, log));
    }
    ApiHandler<?, ?> deletes = new DeleteRecordsHandler(log, served);
    handlers.put(deletes.key(), deletes);
  }

  private FollowedLogs follow(ClusterMetadata log, Lane opened, BrokerLease kept) {
    FollowedLogs follows =
        new FollowedLogs(
            id,
            rackOf(id),
            log,
            opened::follow,
            opened::storedLane,
            kept::isHeld,
            FOLLOWER_BEHIND_MAX,
            process);
    followed = follows;
    return follows;
  }

  /** Each broker has a rack of its own. */
  static String rackOf(int broker) {
    return "rack-" + broker;
  }

  int id() {
    return id;
  }

  /** Its part of the metadata group; null where it has no others, or is not that far yet. */
  @Nullable RaftMember member() {
    return member;
  }

  boolean isLeaseHeld() {
    BrokerLease kept = lease;
    return kept != null && kept.isHeld();
  }

  /**
   * Under which leadership, of whichever broker, it knows a partition right now, to serve those of
   * its rack.
   */
  Generation knownTermOf(KafkaModel.Place place) {
    Generation serving = generation;
    ClusterMetadata known = metadata;
    Topic topic = known == null ? null : known.image().topic(place.topic());
    return serving == null || topic == null
        ? Generation.UNKNOWN
        : new Generation(
            serving.incarnation(), topic.partitions().get(place.partition()).leaderEpoch());
  }

  /** High watermark of a partition as its leader under {@code term}; -1 where it is not. */
  long highWatermarkAsLeader(KafkaModel.Place place, Generation term) {
    Generation serving = generation;
    PartitionLog led = log(place);
    boolean isLeader =
        serving != null
            && led != null
            && serving.incarnation() == term.incarnation()
            && led.leaderEpoch() == term.epoch();
    return isLeader ? led.highWatermark() : -1;
  }

  /** Whether it leads a partition under an older epoch than this, and takes what is sent to it. */
  boolean appendsBelow(int epoch, KafkaModel.Place place) {
    PartitionLog led = log(place);
    return isServing()
        && process.isUp()
        && isLeaseHeld()
        && led != null
        && led.isOpen()
        && !led.isHandedOver()
        && led.leaderEpoch() < epoch;
  }

  private @Nullable PartitionLog log(KafkaModel.Place place) {
    PartitionLogs known = logs;
    if (known != null) {
      for (PartitionLog led : known.all()) {
        if (led.topic().equals(place.topic()) && led.id().partition() == place.partition()) {
          return led;
        }
      }
    }
    return null;
  }

  /**
   * Under which leadership it serves a partition right now: the partition's leader epoch where
   * there are several brokers; unknown where another one leads.
   */
  Generation termOf(KafkaModel.Place place) {
    Generation serving = generation;
    ClusterMetadata known = metadata;
    if (raft == null || serving == null || known == null) {
      return serving == null ? Generation.UNKNOWN : serving;
    }
    MetadataImage image = known.image();
    Topic topic = image.topic(place.topic());
    if (topic == null) {
      return Generation.UNKNOWN;
    }
    Partition partition = topic.partitions().get(place.partition());
    io.sediment.metadata.Lane placed = image.lane(partition.current().lane());
    boolean isOurs = placed != null && placed.owner() == id && placed.isOpen();
    return isOurs
        ? new Generation(serving.incarnation(), partition.leaderEpoch())
        : Generation.UNKNOWN;
  }

  /** Its part in who leads what; null where it has no others, or is not that far yet. */
  @Nullable BrokerMoves moves() {
    return moves;
  }

  BrokerCompactors compactors() {
    return compactors;
  }

  /**
   * Somebody takes what is left of some shares of the memory, as slow readers and large requests
   * do, and gives it back some seconds later.
   */
  void exhaustMemory(SplittableRandom chaos) {
    process.execute(
        () -> {
          returnMemory();
          for (MemoryBudget.Share share : MemoryBudget.Share.values()) {
            long bytes = chaos.nextInt(3) == 0 ? 0 : budget.limitBytes(share);
            for (; bytes > 0; bytes /= 2) {
              while (budget.tryReserve(share, bytes)) {
                taken.merge(share, bytes, Long::sum);
              }
            }
          }
          process.trace("out of memory: " + taken);
          process.schedule(this::returnMemory, Duration.ofMillis(200L << chaos.nextInt(8)));
        });
  }

  /** Memory that somebody in the process took is there again. */
  void giveMemoryBack() {
    process.execute(this::returnMemory);
  }

  private void returnMemory() {
    Map<MemoryBudget.Share, Long> now = new EnumMap<>(taken);
    taken.clear();
    now.forEach(budget::release);
  }

  /** Ends in order, as on SIGTERM: flushes, closes, exits. */
  void shutDown() {
    Lane open = lane;
    if (open == null) {
      process.crash();
      return;
    }
    process.trace("shuts down");
    process.execute(
        () ->
            drained()
                .thenCompose(done -> open.close())
                .whenComplete((done, failure) -> process.execute(process::crash)));
  }

  private CompletableFuture<Void> drained() {
    BrokerMoves known = moves;
    return known == null ? CompletableFuture.completedFuture(null) : known.drain();
  }

  private void endWith(Throwable cause) {
    if (end == null) {
      process.trace("ends: " + cause);
      end = cause;
      process.execute(process::crash);
    }
  }

  private LaneEnvironment laneEnvironment(long incarnation) {
    return laneEnvironment(incarnation, store);
  }

  private LaneEnvironment laneEnvironment(long incarnation, ObjectStore logStore) {
    BucketWriteAheadLogs logs =
        new BucketWriteAheadLogs(
            logStore, walProfile, incarnation, process, process, process.random(), WalMetrics.NONE);
    return new LaneEnvironment(
        store, store, logs, process, process, process, process.random(), budget);
  }

  private MetadataConfig config() {
    MetadataConfig.HostPort address = new MetadataConfig.HostPort("broker", 1);
    return new MetadataConfig(
        id,
        Optional.empty(),
        address,
        address,
        Map.of(),
        Path.of("simulated"),
        recovers,
        MetadataConfig.DEFAULT_START_TIMEOUT,
        MetadataConfig.DEFAULT_SUBMIT_TIMEOUT,
        MetadataConfig.DEFAULT_LEASE);
  }
}
