package io.sediment.cluster.simulation;

import io.sediment.cluster.LaneStart;
import io.sediment.cluster.TakeoverWatch;
import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.bucket.IncarnationRegister;
import io.sediment.metadata.bucket.LaneRegister;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Waiter;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.SimThread;
import java.time.Duration;
import java.util.Map;
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

  private final int id;
  private final TopicConfigs topicConfigs;
  private final SimScheduler process;
  private final ObjectStore store;
  private final SimulatedDisk disk;
  private final boolean recovers;
  private final BrokerMutant mutant;
  private final BrokerMemory memory;
  private final BrokerLanes lanes;
  private final BrokerCompactors compactors;
  private final BrokerMetadata group;
  private @Nullable BrokerPeers peers;
  private @Nullable Lane lane;
  private @Nullable BrokerFrontend frontend;
  private @Nullable BrokerTerms terms;
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
    this.process = process;
    this.store = store;
    this.disk = disk;
    this.recovers = recovers;
    this.mutant = mutant;
    BrokerSizes sizes = BrokerSizes.drawn(options);
    this.memory = new BrokerMemory(process, sizes.memoryBytes());
    this.lanes = new BrokerLanes(process, store, sizes, memory.budget());
    this.compactors = new BrokerCompactors(process, store, sizes.laneConfig(), options, mutant);
    this.group = new BrokerMetadata(id, process, store, disk, raft, recovers, lanes, mutant);
  }

  // -- its life ----------------------------------------------------------------------------------

  void start() {
    process.trace((recovers ? "starts, may recover, " : "starts, ") + lanes.config());
    disk.takenBy(process, process.random());
    SimThread.start(
            process,
            waiter -> {
              serve(waiter);
              return generation();
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
    BrokerMetadata.Opened opened = group.open(waiter, writer, STEP_LIMIT, this::endWith);
    ClusterMetadata log = opened.log();
    long incarnation = opened.incarnation();
    UUID registration = BucketStart.randomId(process.random());
    long brokerEpoch =
        waiter
            .await(
                log.submit(
                    new RegisterBroker(id, registration, "broker", 9092, BrokerPeers.rackOf(id))),
                STEP_LIMIT)
            .valueOrThrow();
    BrokerPeers others = null;
    if (opened.member() != null) {
      others = new BrokerPeers(id, brokerEpoch, process, opened.member(), mutant, this::endWith);
      peers = others;
      others.keepLease();
    }
    Lane started = startLane(waiter, log, incarnation, brokerEpoch, writer);
    lane = started;
    BrokerFrontend clients =
        BrokerFrontend.start(id, brokerEpoch, process, log, started, others, topicConfigs, mutant);
    frontend = clients;
    if (others != null) {
      others.takeOver(lanes, started, incarnation);
      compactors.start(id, started, log, topicConfigs, incarnation);
      others.handOver(clients.logs(), started);
    }
    terms =
        new BrokerTerms(
            id, others != null, new Generation(incarnation, started.epoch()), log, clients.logs());
  }

  private Lane startLane(
      Waiter waiter, ClusterMetadata log, long incarnation, long brokerEpoch, UUID writer)
      throws Exception {
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
                            lanes.environment(incarnation),
                            lanes.config(),
                            laneId,
                            incarnation,
                            epoch,
                            FlushListener.NONE))
                .start(),
            STEP_LIMIT);
    started.halted().thenAccept(this::endWith);
    TakeoverWatch.start(
        process, TAKEOVER_LOOK_INTERVAL, () -> incarnations.isNewest(incarnation), this::endWith);
    return started;
  }

  /** Makes the bucket a cluster's, or another one's, without serving anybody. */
  CompletableFuture<BucketStart.Started> found() {
    return group.found();
  }

  /** Nothing takes its memory any more; if it sleeps, it wakes up, or never does. */
  void heal(SplittableRandom chaos) {
    memory.giveBack();
    if (process.isPaused()) {
      if (chaos.nextBoolean()) {
        process.resume();
      } else {
        process.crash();
      }
    }
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
    BrokerPeers others = peers;
    return others == null ? CompletableFuture.completedFuture(null) : others.drain();
  }

  private void endWith(Throwable cause) {
    if (end == null) {
      process.trace("ends: " + cause);
      end = cause;
      process.execute(process::crash);
    }
  }

  // -- what it consists of -----------------------------------------------------------------------

  SimScheduler process() {
    return process;
  }

  BrokerMemory memory() {
    return memory;
  }

  BrokerCompactors compactors() {
    return compactors;
  }

  /** What it has to do with others; null where there are none, or it is not that far yet. */
  @Nullable BrokerPeers peers() {
    return peers;
  }

  ClusterMetadata metadata() {
    return frontend().metadata();
  }

  ApiHandler<?, ?> handler(ApiKeys key) {
    return frontend().handler(key);
  }

  private BrokerFrontend frontend() {
    BrokerFrontend known = frontend;
    if (known == null) {
      throw new IllegalStateException("not serving: " + process);
    }
    return known;
  }

  // -- what is known of it -----------------------------------------------------------------------

  int id() {
    return id;
  }

  /** It answers clients, or did when it was last heard of. */
  boolean isServing() {
    return terms != null && end == null && !process.isCrashed();
  }

  /** Why it ended by itself; null where it did not. */
  @Nullable Throwable end() {
    return end;
  }

  boolean isLeaseHeld() {
    BrokerPeers others = peers;
    return others != null && others.isLeaseHeld();
  }

  /** Null before it serves. */
  @Nullable Generation generation() {
    BrokerTerms known = terms;
    return known == null ? null : known.generation();
  }

  /** As {@link BrokerTerms#termOf}; unknown before it serves. */
  Generation termOf(Place place) {
    BrokerTerms known = terms;
    return known == null ? Generation.UNKNOWN : known.termOf(place);
  }

  /** As {@link BrokerTerms#knownTermOf}; unknown before it serves. */
  Generation knownTermOf(Place place) {
    BrokerTerms known = terms;
    return known == null ? Generation.UNKNOWN : known.knownTermOf(place);
  }

  /** As {@link BrokerTerms#highWatermarkAsLeader}; -1 before it serves. */
  long highWatermarkAsLeader(Place place, Generation term) {
    BrokerTerms known = terms;
    return known == null ? -1 : known.highWatermarkAsLeader(place, term);
  }

  /** Whether it leads a partition under an older epoch than this, and takes what is sent to it. */
  boolean appendsBelow(int epoch, Place place) {
    BrokerTerms known = terms;
    return known != null
        && isServing()
        && process.isUp()
        && isLeaseHeld()
        && known.appendsBelow(epoch, place);
  }
}
