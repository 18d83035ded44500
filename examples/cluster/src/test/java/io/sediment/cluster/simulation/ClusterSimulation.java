package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.AdminClient.Wanted;
import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreRequest;
import io.sediment.wal.simulation.SeedRuns;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Three brokers and their clients on one bucket. Brokers crash, sleep past their leases, wake up as
 * zombies and start again; others take their lanes over, several of them at once where the Raft
 * leader changes in the middle; partitions are handed over meanwhile, one by one and all of a
 * broker's; the Raft leader changes for no reason. Now and then three who have nothing but the
 * bucket recover it while the others live.
 *
 * <p>Clients ask whom they believe to lead a partition, which is at times who led it before.
 */
final class ClusterSimulation implements AutoCloseable {
  private static final int BROKERS = 3;
  private static final Duration BUSY = Duration.ofSeconds(40);
  private static final Duration PROGRESS_LIMIT = Duration.ofHours(1);
  private static final Duration FRESHNESS_LOOK = Duration.ofMillis(500);

  /** Five leases of patience, one of the lease, and some for who was asked when. */
  private static final Duration STALE_MAX = RaftMember.LEASE.multipliedBy(8);

  /** Brokers that cannot start because something is lost are started again and again. */
  private static final long MUTANT_EVENTS_MAX = 500_000;

  /**
   * What a run came to.
   *
   * @param takeovers of lanes whose owner was believed dead
   * @param leasesLost by brokers that live
   * @param rebirths of the cluster from its bucket
   * @param others what else is counted, by name
   */
  record Outcome(
      long traceHash,
      long events,
      int processes,
      long crashes,
      long takeovers,
      long leasesLost,
      long rebirths,
      long exhaustions,
      long ackedRecords,
      long reads,
      SimObjectStore bucket,
      Map<String, Long> others) {
    SeedRuns.Tally tally(Map<String, Long> more) {
      Map<String, Long> counted = new TreeMap<>(others);
      counted.putAll(more);
      return new SeedRuns.Tally(
          events,
          processes,
          crashes,
          takeovers,
          rebirths,
          exhaustions,
          ackedRecords,
          reads,
          bucket,
          counted);
    }
  }

  /** The metadata by which the Raft leader of an incarnation served at a time. */
  private record Published(long atNanos, long incarnation, long version) {}

  private final Simulation simulation;
  private final SplittableRandom random;
  private final SplittableRandom believed; // by clients
  private final SimObjectStore bucket;
  private final BrokerMutant mutant;
  private final KafkaModel model;
  private SimulatedRaft raft; // of the newest incarnation
  private final boolean clocksJump;
  private final List<BrokerProcess> processes = new ArrayList<>();
  private final BrokerProcess[] newest = new BrokerProcess[BROKERS];
  private final List<Wanted> topics = new ArrayList<>();
  private final List<ProducerClient> producers = new ArrayList<>();
  private final List<ConsumerClient> consumers = new ArrayList<>();
  private final List<ConsumerClient> nearby = new ArrayList<>();
  private final Deque<Published> published = new ArrayDeque<>();
  private final AdminClient admin;
  private SimulatedRaft.Observer raftObserver = (moment, command, led, from) -> {};
  private @Nullable BrokerProcess founder; // while it recovers the bucket
  private long crashes;
  private long exhaustions;
  private long rebirths;
  private long electionsBefore;
  private long splitVotesBefore;
  private long failedPassesBefore;
  private long nearbyReads;
  private boolean healed;

  private ClusterSimulation(long seed, FaultPlan plan, BrokerMutant mutant, boolean clocksJump) {
    this.simulation = new Simulation(seed);
    this.random = simulation.random("chaos");
    this.believed = simulation.random("clients' beliefs");
    this.bucket = new SimObjectStore(simulation, plan);
    this.mutant = mutant;
    this.clocksJump = clocksJump;
    this.model = new KafkaModel(simulation);
    simulation.option("mutant: " + mutant);
    if (mutant != BrokerMutant.NONE) {
      simulation.limitEvents(MUTANT_EVENTS_MAX);
    }
    this.raft = new SimulatedRaft(simulation, found());
    for (int i = 0; i <= random.nextInt(2); i++) {
      topics.add(Wanted.drawn("topic" + i, 3, random));
    }
    this.admin = new AdminClient(simulation, "admin", topics, model, this::anybody);
    for (Wanted topic : topics) {
      topic.places().forEach(this::newClients);
    }
    bucket.observe(this::strikeAtAStep);
  }

  /** Before any broker serves; whoever is told that the store does not answer tries again. */
  private BucketStart.Started found() {
    SimulatedDisk disk = new SimulatedDisk();
    while (true) {
      SimScheduler process = simulation.process("founder");
      BrokerProcess founder =
          new BrokerProcess(
              process,
              bucket.forProcess(process),
              disk,
              false,
              simulation.random("options of " + process),
              BrokerMutant.NONE);
      try {
        return simulation.await(founder.found(), PROGRESS_LIMIT, "a cluster");
      } catch (CompletionException failed) {
        process.trace("not founded: " + failed.getCause());
        process.crash();
      }
    }
  }

  private void newClients(Place place) {
    for (int i = 0; i <= random.nextInt(2); i++) {
      boolean idempotent = random.nextInt(3) != 0;
      String name = (idempotent ? "idempotent-" : "plain-") + place + "-" + i;
      producers.add(
          new ProducerClient(
              simulation, name, place, idempotent, model, () -> believedLeader(place)));
    }
    consumers.add(
        new ConsumerClient(
            simulation, "consumer-" + place, place, true, model, () -> believedLeader(place)));
    if (random.nextBoolean()) {
      nearby.add(newNearby("nearby-" + place, place, random.nextInt(BROKERS), true));
    }
  }

  /** Asks one broker, whether it leads or not. */
  private ConsumerClient newNearby(String name, Place place, int broker, boolean seeks) {
    return new ConsumerClient(
        simulation,
        name,
        place,
        seeks,
        model,
        () -> {
          BrokerProcess asked = newest[broker];
          return asked != null && asked.isServing() ? asked : null;
        },
        BrokerProcess.rackOf(broker),
        (by, highWatermark) -> {
          if (!newest[broker].termOf(place).isKnown()) {
            checkNotBeyondLeader(place, by, highWatermark);
          }
        });
  }

  /** What a broker nearby calls readable, the leader has acknowledged before, dead or alive. */
  private void checkNotBeyondLeader(Place place, Generation by, long highWatermark) {
    nearbyReads++;
    for (BrokerProcess leader : processes) {
      long most = leader.highWatermarkAsLeader(place, by);
      if (most >= 0 && highWatermark > most) {
        simulation.fail(
            "uncommitted read: "
                + place
                + " is readable to "
                + highWatermark
                + " nearby, and to "
                + most
                + " at its leader "
                + leader.process()
                + " in "
                + by);
      }
    }
  }

  /** Nobody who has a lease serves by metadata that the leader left behind long ago. */
  private void checkMetadataIsFresh() {
    simulation.world().schedule(this::checkMetadataIsFresh, FRESHNESS_LOOK);
    long now = simulation.world().nanoTime();
    long incarnation = raft.started().incarnation().number();
    published.add(new Published(now, incarnation, raft.versionOfLeader()));
    while (now - published.element().atNanos() > STALE_MAX.toNanos()) {
      Published old = published.remove();
      for (BrokerProcess broker : processes) {
        if (broker.isServing() && broker.process().isUp() && broker.isLeaseHeld()) {
          MetadataImage image = broker.metadata().image();
          if (image.incarnation() == old.incarnation() && image.version() < old.version()) {
            simulation.fail(
                "stale metadata: "
                    + broker.process()
                    + " has a lease and "
                    + image.version()
                    + ", the leader had "
                    + old.version()
                    + " before "
                    + STALE_MAX);
          }
        }
      }
    }
  }

  static FaultPlan planOf(long seed) {
    return BrokerSimulation.planOf(seed);
  }

  /** Faults, crashes and pauses as {@code seed} has it. */
  static Outcome run(long seed, BrokerMutant mutant) {
    return run(seed, planOf(seed), mutant);
  }

  static Outcome run(long seed, FaultPlan plan, BrokerMutant mutant) {
    try (ClusterSimulation simulation = new ClusterSimulation(seed, plan, mutant, true)) {
      return simulation.run();
    }
  }

  /** The same, but for wall clocks, which never jump. */
  static Outcome runWithSteadyClocks(long seed, BrokerMutant mutant) {
    try (ClusterSimulation simulation = new ClusterSimulation(seed, planOf(seed), mutant, false)) {
      return simulation.run();
    }
  }

  /** The same, and a process dies at {@code point}. */
  static Outcome run(long seed, FaultPlan plan, ClusterCrashPoint point) {
    try (ClusterSimulation simulation =
        new ClusterSimulation(seed, plan, BrokerMutant.NONE, true)) {
      simulation.raftObserver =
          (moment, command, leader, from) -> {
            if (!simulation.healed) {
              point.onCommand(moment, command, leader, from);
            }
          };
      simulation.raft.observe(simulation.raftObserver);
      simulation.bucket.observe(
          (phase, request) -> {
            if (!simulation.healed) {
              point.onRequest(phase, request);
            }
          });
      return simulation.run();
    }
  }

  @Override
  public void close() {
    simulation.close();
  }

  private Outcome run() {
    for (int id = 0; id < BROKERS; id++) {
      startBroker(id);
    }
    simulation.world().schedule(this::strike, Duration.ofSeconds(2));
    simulation.world().schedule(this::supervise, Duration.ofSeconds(1));
    simulation.world().schedule(this::checkMetadataIsFresh, FRESHNESS_LOOK);
    simulation.runFor(BUSY);
    heal();
    until(this::isServed, "a leader of every partition");
    simulation.runFor(Duration.ofSeconds(5));
    producers.forEach(ProducerClient::stop);
    admin.stop();
    until(
        () -> producers.stream().allMatch(ProducerClient::hasNothingUnacked),
        "everything acknowledged");
    simulation.runFor(Duration.ofSeconds(10)); // deletions under way
    audit();
    return new Outcome(
        simulation.traceHash(),
        simulation.eventsRun(),
        processes.size(),
        crashes,
        sum(BrokerProcess::takeovers),
        sum(BrokerProcess::leasesLost),
        rebirths,
        exhaustions,
        model.ackedRecords(),
        model.reads(),
        bucket,
        others());
  }

  private long sum(ToLongFunction<BrokerProcess> count) {
    return processes.stream().mapToLong(count).sum();
  }

  private long sumOfMoves(ToLongFunction<BrokerMoves> count) {
    return sum(
        broker -> {
          BrokerMoves moves = broker.moves();
          return moves == null ? 0 : count.applyAsLong(moves);
        });
  }

  /**
   * Besides: split votes, after which nobody led the metadata for a while; failed passes of
   * leadership, with times in which a leader took no commands; nearby reads, answered by brokers
   * that did not lead.
   */
  private Map<String, Long> others() {
    return Map.of(
        "elections", electionsBefore + raft.elections(),
        "split votes", splitVotesBefore + raft.splitVotes(),
        "failed passes", failedPassesBefore + raft.failedPasses(),
        "nearby reads", nearbyReads,
        "handoffs", sumOfMoves(BrokerMoves::handoffs),
        "moves for operators", sumOfMoves(BrokerMoves::forOperators),
        "moves for balance", sumOfMoves(BrokerMoves::forBalance),
        "compactions", sum(broker -> broker.compactors().ofItsLane()),
        "compactions of sealed lanes", sum(broker -> broker.compactors().ofSealedLanes()));
  }

  private void until(BooleanSupplier done, String what) {
    simulation.runUntil(done, PROGRESS_LIMIT, what);
  }

  private boolean isServed() {
    return topics.stream()
        .flatMap(topic -> topic.places().stream())
        .allMatch(place -> leaderOf(place) != null);
  }

  /** From here on nothing goes wrong; who sleeps may wake up, or never does. */
  private void heal() {
    healed = true;
    bucket.heal();
    raft.heal();
    for (BrokerProcess broker : processes) {
      broker.giveMemoryBack();
      if (broker.process().isPaused()) {
        if (random.nextBoolean()) {
          broker.process().resume();
        } else {
          broker.process().crash();
        }
      }
    }
  }

  private void audit() {
    model.arrivesSound();
    List<ConsumerClient> auditors = new ArrayList<>();
    for (ConsumerClient consumer : consumers) {
      Place place = consumer.place();
      auditors.add(
          new ConsumerClient(
              simulation, "auditor-" + place, place, false, model, () -> believedLeader(place)));
    }
    until(() -> auditors.stream().allMatch(ConsumerClient::isAtEnd), "everything read");
    List<ConsumerClient> afar = new ArrayList<>();
    for (ConsumerClient auditor : auditors) {
      afar.add(
          newNearby("nearby-" + auditor.place(), auditor.place(), random.nextInt(BROKERS), false));
    }
    for (int i = 0; i < afar.size(); i++) {
      ConsumerClient reader = afar.get(i);
      ConsumerClient auditor = auditors.get(i);
      until(
          () -> reader.isAtEnd() && reader.end() == auditor.end(),
          "all of " + auditor.place() + " read nearby");
      model.checkComplete(
          reader.place(), reader.begin(), reader.end(), reader.bytes(), reader.records());
    }
    auditors.forEach(auditor -> auditor.lookUp(5));
    until(() -> auditors.stream().allMatch(ConsumerClient::hasLookedUp), "every time looked for");
    for (ConsumerClient auditor : auditors) {
      model.checkComplete(
          auditor.place(), auditor.begin(), auditor.end(), auditor.bytes(), auditor.records());
    }
    List<String> findings = FrozenBucket.fsck(bucket);
    if (!findings.isEmpty()) {
      simulation.fail("damaged bucket: " + findings);
    }
    simulation.runFor(Duration.ofMillis(1)); // throws what a check has found
  }

  // -- whom clients ask --------------------------------------------------------------------------

  private @Nullable BrokerProcess anybody() {
    List<BrokerProcess> serving = processes.stream().filter(BrokerProcess::isServing).toList();
    return serving.isEmpty() ? null : serving.get(believed.nextInt(serving.size()));
  }

  /** Mostly the leader by somebody's metadata; sometimes whoever, a zombie too. */
  private @Nullable BrokerProcess believedLeader(Place place) {
    return !healed && believed.nextInt(6) == 0 ? anybody() : leaderOf(place);
  }

  private @Nullable BrokerProcess leaderOf(Place place) {
    BrokerProcess told = anybody();
    if (told == null || !told.process().isUp()) {
      return null;
    }
    MetadataImage image = told.metadata().image();
    Topic topic = image.topic(place.topic());
    Lane lane =
        topic == null
            ? null
            : image.lane(topic.partitions().get(place.partition()).current().lane());
    if (lane == null || !lane.isOpen()) {
      return null;
    }
    BrokerProcess leader = newest[lane.owner()];
    return leader.isServing() ? leader : null;
  }

  // -- processes ---------------------------------------------------------------------------------

  private void startBroker(int id) {
    SimScheduler process = simulation.process("broker-" + id);
    BrokerProcess broker =
        new BrokerProcess(
            id,
            process,
            bucket.forProcess(process),
            raft,
            simulation.random("options of " + process),
            mutant);
    processes.add(broker);
    newest[id] = broker;
    broker.start();
  }

  /** Starts brokers again whose process is gone, or sleeps: then there are two of them. */
  private void supervise() {
    simulation.world().schedule(this::supervise, Duration.ofMillis(300 + random.nextInt(1_500)));
    for (int id = 0; id < BROKERS; id++) {
      SimScheduler last = newest[id].process();
      boolean sleeps = last.isPaused() && random.nextInt(12) == 0;
      if (sleeps || last.isCrashed() && (healed || random.nextInt(4) == 0)) {
        startBroker(id);
      }
    }
    BrokerProcess recovering = founder;
    if (recovering != null && recovering.process().isCrashed()) {
      recover();
    }
  }

  /** Three who have nothing but the bucket take it over, whoever lives of those who had it. */
  private void recover() {
    SimScheduler process = simulation.process("founder");
    BrokerProcess next =
        new BrokerProcess(
            process,
            bucket.forProcess(process),
            new SimulatedDisk(),
            true,
            simulation.random("options of " + process),
            mutant);
    founder = next;
    next.found()
        .whenComplete(
            (started, failure) -> {
              if (failure != null) {
                process.crash();
              } else {
                simulation.world().execute(() -> rebornAs(next, started));
              }
            });
  }

  private void rebornAs(BrokerProcess by, BucketStart.Started started) {
    if (founder != by) {
      return; // it was believed dead
    }
    founder = null;
    rebirths++;
    electionsBefore += raft.elections();
    splitVotesBefore += raft.splitVotes();
    failedPassesBefore += raft.failedPasses();
    simulation.world().trace("reborn as " + started.incarnation());
    raft = new SimulatedRaft(simulation, started);
    raft.observe(raftObserver);
    for (int id = 0; id < BROKERS; id++) {
      startBroker(id);
    }
  }

  private void strike() {
    if (healed) {
      return;
    }
    BrokerProcess victim =
        random.nextInt(4) != 0
            ? newest[random.nextInt(BROKERS)]
            : processes.get(random.nextInt(processes.size()));
    BrokerMoves moves = victim.moves();
    switch (random.nextInt(19)) {
      case 0, 1 -> crash(victim.process());
      case 2, 3 -> sleep(victim.process());
      case 4 -> {
        Duration jump = Duration.ofSeconds(random.nextInt(-18_000, 18_000));
        victim.process().jumpWallClock(clocksJump ? jump : Duration.ZERO);
      }
      case 5 -> victim.shutDown();
      case 6, 7 -> raft.elect();
      case 8, 9, 10 -> {
        if (moves != null) {
          moves.handSomethingOver(random.split(), BROKERS);
        }
      }
      case 15, 16, 17 -> {
        BrokerProcess told = anybody();
        BrokerMoves known = told == null ? null : told.moves();
        if (known != null) {
          known.preferSomebody(random.split(), BROKERS);
        }
      }
      case 11 -> {
        exhaustions++;
        victim.exhaustMemory(random.split());
      }
      case 12 -> {
        if (founder == null && random.nextInt(3) == 0) {
          recover();
        }
      }
      case 13, 14 -> {
        RaftMember member = victim.member();
        if (member != null) {
          raft.deafen(member, Duration.ofMillis(200L << random.nextInt(8)));
        }
      }
      default -> {
        Duration length = Duration.ofMillis(200L << random.nextInt(4));
        if (random.nextBoolean()) {
          raft.electNobody(length);
        } else {
          raft.failToPass(length);
        }
      }
    }
    simulation.world().schedule(this::strike, Duration.ofMillis(200 + random.nextInt(4_000)));
  }

  private void crash(SimScheduler process) {
    if (!process.isCrashed()) {
      crashes++;
      process.crash();
    }
  }

  /** For a moment, or past its lease. */
  private void sleep(SimScheduler process) {
    process.pause();
    long millis = 200L << random.nextInt(8);
    simulation.world().schedule(process::resume, Duration.ofMillis(millis));
  }

  /** Crashes a process, or has it sleep, at some moment in the life of one of its requests. */
  private void strikeAtAStep(StoreRequest.Phase phase, StoreRequest request) {
    if (healed || processes.isEmpty() || random.nextInt(600) != 0) {
      return;
    }
    if (random.nextBoolean()) {
      crash(request.process());
    } else {
      sleep(request.process());
    }
  }
}
