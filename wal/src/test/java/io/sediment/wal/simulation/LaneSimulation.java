package io.sediment.wal.simulation;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.StoredLaneLevels;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.BoundaryName;
import io.sediment.lsm.object.ObjectNames.DataName;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest;
import io.sediment.wal.WalProfile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * One lane under many owners, everything real from the lane down: write-ahead log, manifests, L0
 * flushes, reclaiming, reads. Idempotent producers write through whichever broker they believe to
 * lead, and {@link LogModel} knows what they were told.
 */
public final class LaneSimulation {
  private static final LaneId LANE = new LaneId(0);
  private static final Duration PROGRESS_LIMIT = Duration.ofHours(1);

  /** What a run came to. */
  public record Outcome(
      long traceHash,
      long events,
      int brokers,
      long crashes,
      long seals,
      long ackedRecords,
      long reads,
      long failedReads,
      long exhaustions,
      SimObjectStore bucket) {
    /** The same, to be added up over many seeds. */
    public SeedRuns.Tally tally() {
      return tally(Map.of());
    }

    /** The same with what else was counted, by name. */
    public SeedRuns.Tally tally(Map<String, Long> others) {
      return new SeedRuns.Tally(
          events, brokers, crashes, seals, 0, exhaustions, ackedRecords, reads, bucket, others);
    }
  }

  private final LaneMutant mutant;
  private final boolean chaos;
  private final LaneCompactors compactors;
  private final Simulation simulation;
  private final SplittableRandom random;
  private final SimObjectStore bucket;
  private final LogModel model;
  private final List<SimulatedProducer> producers = new ArrayList<>();
  private final List<SimulatedBroker> brokers = new ArrayList<>();
  private final List<SimScheduler> compactorProcesses = new ArrayList<>();
  private final boolean sleepy;
  private final SplittableRandom memoryChaos;
  private final Map<ObjectKey, Duration> landed = new HashMap<>();
  private final PutsInFlight putsInFlight = new PutsInFlight();
  private long grantedEpoch;
  private long boundary;
  private boolean healed;

  LaneSimulation(long seed, FaultPlan plan, boolean chaos, LaneMutant mutant) {
    this(seed, plan, chaos, mutant, LaneCompactors.NONE);
  }

  private LaneSimulation(
      long seed, FaultPlan plan, boolean chaos, LaneMutant mutant, LaneCompactors compactors) {
    this.mutant = mutant;
    this.compactors = compactors;
    this.chaos = chaos;
    this.simulation = new Simulation(seed);
    this.random = simulation.random("chaos");
    this.bucket = new SimObjectStore(simulation, plan);
    this.model = new LogModel(simulation);
    this.sleepy = chaos && simulation.random("sleep").nextInt(8) == 0;
    simulation.option("mutant: " + mutant + ", chaos: " + chaos + ", sleepy: " + sleepy);
    this.memoryChaos = simulation.random("memory");
    bucket.observe(this::checkDeleted);
    bucket.observe(this::noteLanded);
    bucket.observe(this::checkBoundary);
    bucket.observe(this::checkInFlight);
    for (int i = 0; i <= random.nextInt(3); i++) {
      PartitionId partition = new PartitionId(new UUID(7, i), i);
      producers.add(new SimulatedProducer(simulation, partition, 1000 + i, model, this::leaderFor));
    }
  }

  /** Faults, crashes and pauses as {@code seed} has it. */
  static Outcome run(long seed, LaneMutant mutant) {
    return run(seed, planOf(seed), mutant);
  }

  /** The same with compactors at work, inside brokers and beside them. */
  public static Outcome run(long seed, LaneCompactors compactors) {
    return new LaneSimulation(seed, planOf(seed), true, LaneMutant.NONE, compactors)
        .run(Duration.ofSeconds(40));
  }

  /** The same, and a process dies at {@code point}. */
  public static Outcome run(long seed, LaneCompactors compactors, CrashPoint point) {
    return run(seed, planOf(seed), compactors, point);
  }

  /** The same under another plan. */
  public static Outcome run(
      long seed, FaultPlan plan, LaneCompactors compactors, CrashPoint point) {
    LaneSimulation simulation = new LaneSimulation(seed, plan, true, LaneMutant.NONE, compactors);
    simulation.bucket.observe(
        (phase, request) -> {
          if (!simulation.healed) {
            point.on(simulation.bucket, phase, request);
          }
        });
    return simulation.run(Duration.ofSeconds(40));
  }

  static Outcome run(long seed, FaultPlan plan, LaneMutant mutant) {
    return new LaneSimulation(seed, plan, true, mutant).run(Duration.ofSeconds(40));
  }

  static FaultPlan planOf(long seed) {
    return FaultPlan.random(new Simulation(seed).random("plan"));
  }

  Outcome run(Duration busy) {
    if (chaos) {
      bucket.observe(this::strikeAtAStep);
      simulation.world().execute(this::strike);
    }
    if (sleepy) {
      bucket.observe(this::sleepAtAStep);
    }
    startBroker();
    simulation.runFor(busy);
    healed = true;
    bucket.heal();
    for (SimulatedBroker broker : brokers) {
      broker.giveMemoryBack();
      if (broker.process().isPaused() && random.nextBoolean()) {
        broker.process().resume();
      }
    }
    SimulatedBroker last = chaos ? startBroker() : brokers.get(0);
    simulation.runUntil(last::isServing, PROGRESS_LIMIT, "the last broker to serve");
    if (chaos) {
      last.exhaustMemory(memoryChaos);
    }
    simulation.runFor(Duration.ofSeconds(5));
    last.giveMemoryBack();
    producers.forEach(SimulatedProducer::stop);
    simulation.runUntil(
        () -> producers.stream().allMatch(SimulatedProducer::hasNothingUnacked),
        PROGRESS_LIMIT,
        "everything acknowledged");
    untilItHasRead(last);
    SimulatedBroker auditor = startBroker();
    simulation.runUntil(auditor::isServing, PROGRESS_LIMIT, "the auditor to serve");
    audit(auditor);
    checkGarbage(auditor);
    untilItHasRead(auditor);
    if (chaos) {
      checkMemory(auditor);
    }
    return new Outcome(
        simulation.traceHash(),
        simulation.eventsRun(),
        brokers.size(),
        brokers.stream().filter(broker -> broker.process().isCrashed()).count(),
        brokers.stream().filter(SimulatedBroker::hasSealed).count(),
        model.ackedRecords(),
        model.reads(),
        brokers.stream().mapToLong(SimulatedBroker::failedReads).sum(),
        brokers.stream().mapToLong(broker -> broker.opening().exhaustions()).sum(),
        bucket);
  }

  /** Nothing that a retained manifest names may go, nor an unflushed slot, nor a fence. */
  private void checkDeleted(StoreRequest.Phase phase, StoreRequest request) {
    if (request.op() != StoreOp.DELETE) {
      return;
    }
    if (phase == StoreRequest.Phase.LANDING) {
      checkLogDeleted(request);
    } else if (phase == StoreRequest.Phase.LANDED) {
      Set<ObjectKey> deleted = new HashSet<>(request.keys());
      for (Manifest manifest : StoredManifests.retained(bucket, LANE)) {
        for (ObjectKey named : StoredManifests.named(manifest)) {
          if (deleted.contains(named) && bucket.peek(named).isEmpty()) {
            simulation.fail(
                "live object deleted: "
                    + named
                    + " of manifest "
                    + manifest.id()
                    + " by "
                    + request);
          }
        }
      }
    }
  }

  private void checkLogDeleted(StoreRequest request) {
    ObjectKey replayed = new LaneKeys(LANE).wal(StoredManifests.newest(bucket, LANE).replayAfter());
    for (ObjectKey key : request.keys()) {
      if (!key.value().startsWith(new LaneKeys(LANE).walPrefix())) {
        continue;
      }
      if (key.compareTo(replayed) > 0
          || bucket.peek(key).filter(it -> it.length <= SortedObject.FENCE_LENGTH).isPresent()) {
        simulation.fail("unflushed slot or fence deleted: " + key + " by " + request);
      }
    }
  }

  /** The boundary only ever rises. */
  private void checkBoundary(StoreRequest.Phase phase, StoreRequest request) {
    if (phase == StoreRequest.Phase.LANDED && request.op() == StoreOp.PUT_IF_MATCH) {
      long now = StoredManifests.boundary(bucket, LANE);
      if (now < boundary) {
        simulation.fail("boundary fell: from " + boundary + " to " + now + " by " + request);
      }
      boundary = now;
    }
  }

  /** The log has a few slots under way at once, and no more bytes than the process has memory. */
  private void checkInFlight(StoreRequest.Phase phase, StoreRequest request) {
    putsInFlight.on(phase, request);
    PutsInFlight.Load load = putsInFlight.of(request.process());
    if (load.slots() > WalProfile.LATENCY.inFlightMax()) {
      simulation.fail("too much in flight: " + load + " of " + request.process());
    }
    for (SimulatedBroker broker : brokers) {
      if (broker.process() == request.process()
          && load.bytes() > broker.opening().memoryTotalBytes()) {
        simulation.fail("too much in flight: " + load + ", " + broker.opening().memory());
      }
    }
  }

  private void audit(SimulatedBroker auditor) {
    for (SimulatedProducer producer : producers) {
      PartitionId partition = producer.partition();
      NavigableMap<Long, Integer> log;
      try {
        log =
            simulation.await(auditor.readAll(partition), PROGRESS_LIMIT, "the log of " + partition);
      } catch (CompletionException unreadable) {
        simulation.fail("lost write: " + partition + " cannot be read: " + unreadable.getCause());
        simulation.runFor(Duration.ofMillis(1)); // throws it
        throw unreadable;
      }
      model.checkComplete(partition, log);
      simulation.await(auditor.lookUp(partition, 10), PROGRESS_LIMIT, "times in " + partition);
      if (auditor.nextSequence(partition) != producer.nextSequence()) {
        simulation.fail(
            "producer state: "
                + partition
                + " expects sequence "
                + auditor.nextSequence(partition)
                + ", the producer is at "
                + producer.nextSequence());
      }
    }
    simulation.runFor(Duration.ofMillis(1)); // throws what a check has found
  }

  private void untilItHasRead(SimulatedBroker broker) {
    broker.stopReading();
    simulation.runUntil(
        () -> broker.unansweredReads() == 0,
        PROGRESS_LIMIT,
        "every read answered by " + broker.process());
  }

  /** Who has closed the lane holds nothing any more. */
  private void checkMemory(SimulatedBroker broker) {
    simulation.await(broker.close(), PROGRESS_LIMIT, "the lane closed");
    if (broker.opening().memoryUsedBytes() != 0) {
      simulation.fail("memory leak: " + broker.opening().memory());
    }
    simulation.runFor(Duration.ofMillis(1)); // throws what the check has found
  }

  private void noteLanded(StoreRequest.Phase phase, StoreRequest request) {
    if (phase == StoreRequest.Phase.LANDED
        && request.op().isWrite()
        && request.op() != StoreOp.DELETE) {
      request.keys().forEach(key -> landed.put(key, simulation.now()));
    }
  }

  /** What nobody can reach any more is gone two rounds of the collector later. */
  private void checkGarbage(SimulatedBroker owner) {
    brokers.forEach(SimulatedBroker::stopReading);
    Set<ObjectKey> before = garbage();
    Duration then = simulation.now();
    simulation.await(owner.opening().collectGarbage(2), PROGRESS_LIMIT, "garbage collected");
    for (ObjectKey left : garbage()) {
      if (before.contains(left) && landed.get(left).compareTo(then) <= 0) {
        simulation.fail("orphan: " + left + " is left after two rounds of the collector");
      }
    }
    simulation.runFor(Duration.ofMillis(1)); // throws what the check has found
  }

  /** Objects that no retained manifest names and no later one ever will. */
  private Set<ObjectKey> garbage() {
    Manifest newest = StoredManifests.newest(bucket, LANE);
    Set<ObjectKey> named = new HashSet<>();
    StoredManifests.retained(bucket, LANE)
        .forEach(manifest -> named.addAll(StoredManifests.named(manifest)));
    long boundary = StoredManifests.boundary(bucket, LANE);
    Set<ObjectKey> garbage = new TreeSet<>();
    for (ObjectKey key : bucket.keys("")) {
      ObjectName name = ObjectNames.parse(key).orElseThrow();
      boolean isReachable =
          name instanceof BoundaryName
              || name instanceof ManifestName manifest && manifest.id() > boundary
              || name instanceof WalName wal && isFenceOrAhead(newest, key, wal)
              || name instanceof DataName data && isAhead(newest, data);
      if (!isReachable && !named.contains(key)) {
        garbage.add(key);
      }
    }
    return garbage;
  }

  private boolean isFenceOrAhead(Manifest newest, ObjectKey key, WalName wal) {
    return wal.slot().compareTo(newest.replayAfter()) > 0
        || bucket.peek(key).filter(it -> it.length <= SortedObject.FENCE_LENGTH).isPresent();
  }

  /** A flush or a compaction that is under way may still be going to name it. */
  private static boolean isAhead(Manifest newest, DataName data) {
    boolean isWriters = data.kind() == DataKind.L0 || data.kind() == DataKind.TABLE;
    long epoch = isWriters ? newest.term().epoch() : newest.level1().compactorEpoch();
    long lowMark = isWriters ? newest.writerLowMark() : newest.level1().lowMark();
    return data.epoch() > epoch || data.epoch() == epoch && data.number() >= lowMark;
  }

  /**
   * Runs on for a while with nobody producing, until the last memtable is flushed, then counts what
   * an hour of that puts. (Readers go on reading, and the collector looks for garbage now and
   * then.)
   */
  long putsOfAnIdleHour() {
    simulation.runFor(Duration.ofMinutes(30));
    long before = puts();
    simulation.runFor(Duration.ofHours(1));
    return puts() - before;
  }

  private long puts() {
    return bucket.bill().requests(StoreOp.PUT_IF_ABSENT)
        + bucket.bill().requests(StoreOp.PUT_IF_MATCH);
  }

  /** Mostly the newest broker that serves; sometimes, while it still runs, an older one. */
  private @Nullable SimulatedBroker leaderFor(SimulatedProducer producer) {
    for (int i = brokers.size() - 1; i >= 0; i--) {
      SimulatedBroker broker = brokers.get(i);
      boolean isKnown = broker.isServing() && !broker.process().isCrashed();
      if (isKnown && (healed || random.nextInt(5) != 0)) {
        return broker;
      }
    }
    return null;
  }

  private SimulatedBroker newBroker() {
    long epoch = ++grantedEpoch;
    SimScheduler process = simulation.process("broker-" + epoch);
    SplittableRandom options = simulation.random("options of broker " + epoch);
    SimulatedBroker broker =
        new SimulatedBroker(
            simulation,
            process,
            epoch,
            model,
            producers,
            new LaneOpening(bucket, process, LANE, epoch, options, mutant, compactors, sleepy));
    brokers.add(broker);
    return broker;
  }

  private SimulatedBroker startBroker() {
    SimulatedBroker broker = newBroker();
    broker.process().execute(broker::start);
    return broker;
  }

  /** A compactor in a process of its own, beside those in the brokers. */
  private void startCompactor() {
    if (compactors == LaneCompactors.NONE) {
      return;
    }
    String name = "compactor-" + (compactorProcesses.size() + 1);
    SimScheduler process = simulation.process(name);
    compactorProcesses.add(process);
    SplittableRandom options = simulation.random("options of " + name);
    ObjectStore store = bucket.forProcess(process);
    process.execute(
        () ->
            StoredLaneLevels.open(
                    store,
                    LANE,
                    process,
                    process.random(),
                    false,
                    new GarbageOptions(64, 100, Duration.ofMillis(20)),
                    Duration.ofSeconds(5))
                .whenComplete(
                    (levels, failure) -> {
                      if (levels != null) {
                        compactors.start(store, process, levels, options);
                      } else {
                        process.trace("no compactor: " + failure);
                      }
                    }));
  }

  // -- faults of processes -----------------------------------------------------------------------

  private void strike() {
    if (healed) {
      return;
    }
    strikeCompactors();
    if (memoryChaos.nextInt(4) == 0) {
      brokers.get(memoryChaos.nextInt(brokers.size())).exhaustMemory(memoryChaos);
    }
    SimulatedBroker victim = brokers.get(random.nextInt(brokers.size()));
    switch (random.nextInt(10)) {
      case 0 -> victim.process().crash();
      case 1 -> victim.process().pause();
      case 2 -> victim.process().resume();
      case 3 -> victim.process().jumpWallClock(Duration.ofSeconds(random.nextInt(-5000, 5000)));
      case 4 -> victim.shutDown();
      case 5, 6 -> victim.flush();
      case 8, 9 -> startCompactor();
      case 7 -> {
        SimulatedBroker sealer = newBroker();
        sealer.process().execute(sealer::sealOnly);
      }
      default -> {}
    }
    boolean noneServes =
        brokers.stream().noneMatch(broker -> broker.process().isUp() && !broker.isHalted());
    if (noneServes || random.nextInt(5) == 0) {
      startBroker();
    }
    long millis = 500 + random.nextInt(8_000);
    simulation.world().schedule(this::strike, Duration.ofMillis(millis));
  }

  private void strikeCompactors() {
    if (compactorProcesses.isEmpty()) {
      return;
    }
    SimScheduler victim = compactorProcesses.get(random.nextInt(compactorProcesses.size()));
    switch (random.nextInt(6)) {
      case 0 -> victim.crash();
      case 1 -> victim.pause();
      case 2 -> victim.resume();
      default -> {}
    }
  }

  /** Crashes or pauses a process at some moment in the life of one of its requests. */
  private void strikeAtAStep(StoreRequest.Phase phase, StoreRequest request) {
    if (healed || random.nextInt(isOfManifest(request) ? 200 : 800) != 0) {
      return;
    }
    if (random.nextBoolean()) {
      request.process().crash();
    } else {
      request.process().pause();
    }
  }

  /**
   * Lets a process sleep in the middle of a commit for so long that others have moved on by more
   * manifests than are kept.
   */
  private void sleepAtAStep(StoreRequest.Phase phase, StoreRequest request) {
    SimScheduler process = request.process();
    boolean isStep =
        phase == StoreRequest.Phase.LANDED
            && request.keys().size() == 1
            && ObjectNames.parse(request.key())
                .filter(name -> name instanceof DataName || name instanceof BoundaryName)
                .isPresent();
    if (isStep && !healed && process.isUp() && random.nextInt(25) == 0) {
      process.pause();
      long millis = 10_000 + random.nextInt(30_000);
      simulation.world().schedule(process::resume, Duration.ofMillis(millis));
    }
  }

  /** Of a commit: few requests, and each of them a step of the protocol. */
  private static boolean isOfManifest(StoreRequest request) {
    return request.keys().size() == 1
        && ObjectNames.parse(request.key())
            .filter(name -> name instanceof ManifestName || name instanceof BoundaryName)
            .isPresent();
  }
}
