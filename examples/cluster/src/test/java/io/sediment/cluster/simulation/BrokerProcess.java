package io.sediment.cluster.simulation;

import io.sediment.cluster.BucketLaneSealer;
import io.sediment.cluster.LaneStart;
import io.sediment.cluster.TakeoverWatch;
import io.sediment.frontend.admin.DeleteRecordsHandler;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.DataHandlers;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.EnginePartitionLane;
import io.sediment.frontend.partition.FollowedPartitions;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.frontend.partition.PlacedPartitionLane;
import io.sediment.frontend.retention.RetentionLoop;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.bucket.IncarnationRegister;
import io.sediment.metadata.bucket.LaneRegister;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.MemoryBudget;
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
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/**
 * One process of the broker: everything that {@code main} wires, but for sockets, Raft and groups,
 * with sizes that make haste. It ends as the real one does: where it is fenced, taken over, or its
 * lane has stopped.
 */
final class BrokerProcess {
  static final int ID = 0;
  private static final Duration STEP_LIMIT = Duration.ofMinutes(5);
  private static final Duration TAKEOVER_LOOK_INTERVAL = Duration.ofSeconds(10);
  private static final BrokerConfigs CONFIGS =
      new BrokerConfigs(Map.of("node.id", Integer.toString(ID)));

  private final SimScheduler process;
  private final ObjectStore store;
  private final SimulatedDisk disk;
  private final boolean recovers;
  private final BrokerMutant mutant;
  private final WalProfile walProfile;
  private final LaneConfig laneConfig;
  private final MemoryBudget budget;
  private final Map<ApiKeys, ApiHandler<?, ?>> handlers = new EnumMap<>(ApiKeys.class);
  private final Map<MemoryBudget.Share, Long> taken = new EnumMap<>(MemoryBudget.Share.class);
  private @Nullable ClusterMetadata metadata;
  private @Nullable Lane lane;
  private @Nullable Generation generation;
  private @Nullable Throwable end;

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
    BucketStart.Started started =
        new BucketStart(
                config(),
                store,
                process,
                waiter,
                process.random(),
                new BucketLaneSealer(this::laneEnvironment, laneConfig),
                disk,
                writer)
            .start();
    long incarnation = started.incarnation().number();
    SimulatedMetadata log =
        new SimulatedMetadata(process, store, disk, started, writer, mutant, this::endWith);
    waiter.await(log.lead(), STEP_LIMIT);
    long brokerEpoch =
        waiter
            .await(
                log.submit(
                    new RegisterBroker(
                        ID, BucketStart.randomId(process.random()), "broker", 9092, null)),
                STEP_LIMIT)
            .valueOrThrow();
    IncarnationRegister incarnations = new IncarnationRegister(store, process);
    Lane opened =
        waiter.await(
            new LaneStart(
                    log,
                    new LaneRegister(store, process, incarnation, writer),
                    () -> incarnations.isNewest(incarnation),
                    ID,
                    brokerEpoch,
                    (id, epoch) ->
                        Lane.open(
                            laneEnvironment(incarnation),
                            laneConfig,
                            id,
                            incarnation,
                            epoch,
                            FlushListener.NONE))
                .start(),
            STEP_LIMIT);
    opened.halted().thenAccept(this::endWith);
    TakeoverWatch.start(
        process, TAKEOVER_LOOK_INTERVAL, () -> incarnations.isNewest(incarnation), this::endWith);
    lane = opened;
    metadata = log;
    serveClients(log, opened, brokerEpoch);
    generation = new Generation(incarnation, opened.epoch());
  }

  private void serveClients(ClusterMetadata log, Lane opened, long brokerEpoch) {
    TopicConfigs topicConfigs =
        (image, topic) -> new ConfigView(image, ID, CONFIGS).effectiveTopic(topic.configs());
    EarlyAnswers early = new EarlyAnswers();
    PartitionLogs logs =
        new PartitionLogs(
            ID,
            log,
            mutant.spoil(
                new PlacedPartitionLane(
                    new EnginePartitionLane(opened), log, opened::storedLane, process),
                process,
                early),
            topicConfigs,
            process);
    RetentionLoop.start(
        new LaneId(opened.id().value()),
        log,
        logs,
        topicConfigs,
        opened::reclaim,
        process,
        process,
        Duration.ofSeconds(2),
        RetentionLoop.NO_BUDGET);
    DataHandlers.Parts parts =
        new DataHandlers.Parts(
            ID,
            brokerEpoch,
            mutant.spoil(log),
            logs,
            FollowedPartitions.NONE,
            new BatchPreparer(process),
            process,
            process,
            process,
            process,
            process.random(),
            () -> 0,
            FrontendSettings.DEFAULTS);
    for (ApiHandler<?, ?> handler : DataHandlers.all(parts)) {
      handlers.put(handler.key(), mutant.spoil(handler, early));
    }
    ApiHandler<?, ?> deletes = new DeleteRecordsHandler(log, logs);
    handlers.put(deletes.key(), deletes);
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
        () -> open.close().whenComplete((done, failure) -> process.execute(process::crash)));
  }

  private void endWith(Throwable cause) {
    if (end == null) {
      process.trace("ends: " + cause);
      end = cause;
      process.execute(process::crash);
    }
  }

  private LaneEnvironment laneEnvironment(long incarnation) {
    BucketWriteAheadLogs logs =
        new BucketWriteAheadLogs(
            store, walProfile, incarnation, process, process, process.random(), WalMetrics.NONE);
    return new LaneEnvironment(
        store, store, logs, process, process, process, process.random(), budget);
  }

  private MetadataConfig config() {
    MetadataConfig.HostPort address = new MetadataConfig.HostPort("broker", 1);
    return new MetadataConfig(
        ID,
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
