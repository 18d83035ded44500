package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.AdminClient.Wanted;
import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.metadata.RefusedStartException;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest;
import io.sediment.wal.simulation.SeedRuns;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * One broker and its clients on one bucket. A supervisor starts the broker again when it is gone:
 * on the same disk, or on an empty one, allowed to recover, while the process before may still be
 * at work or asleep.
 */
final class BrokerSimulation implements AutoCloseable {
  private static final Duration BUSY = Duration.ofSeconds(40);
  private static final String EXPORTS = "cluster/meta/";
  private static final Duration PROGRESS_LIMIT = Duration.ofHours(1);

  /**
   * What a run came to.
   *
   * @param seals openings of a lane, each of which seals what was there before
   */
  record Outcome(
      long traceHash,
      long events,
      int processes,
      long crashes,
      long seals,
      long incarnations,
      long exhaustions,
      long ackedRecords,
      long reads,
      SimObjectStore bucket) {
    SeedRuns.Tally tally() {
      return new SeedRuns.Tally(
          events,
          processes,
          crashes,
          seals,
          incarnations - 1,
          exhaustions,
          ackedRecords,
          reads,
          bucket);
    }
  }

  private final Simulation simulation;
  private final SplittableRandom random;
  private final SimObjectStore bucket;
  private final BrokerMutant mutant;
  private final KafkaModel model;
  private final List<BrokerProcess> brokers = new ArrayList<>();
  private final List<Wanted> topics = new ArrayList<>();
  private final List<ProducerClient> producers = new ArrayList<>();
  private final List<ConsumerClient> consumers = new ArrayList<>();
  private final AdminClient admin;
  private SimulatedDisk disk = new SimulatedDisk();
  private final SplittableRandom memoryChaos;
  private long crashes;
  private long exhaustions;
  private boolean losesDisk;
  private boolean healed;

  private BrokerSimulation(long seed, FaultPlan plan, BrokerMutant mutant) {
    this.simulation = new Simulation(seed);
    this.random = simulation.random("chaos");
    this.bucket = new SimObjectStore(simulation, plan);
    this.mutant = mutant;
    this.model = new KafkaModel(simulation);
    simulation.option("mutant: " + mutant);
    for (int i = 0; i <= random.nextInt(2); i++) {
      topics.add(Wanted.drawn("topic" + i, 2, random));
    }
    this.admin = new AdminClient(simulation, "admin", topics, model, this::leader);
    for (Wanted topic : topics) {
      topic.places().forEach(this::newClients);
    }
    this.memoryChaos = simulation.random("memory");
    bucket.observe(this::strikeAtAStep);
  }

  private void newClients(Place place) {
    for (int i = 0; i <= random.nextInt(2); i++) {
      boolean idempotent = random.nextInt(3) != 0;
      String name = (idempotent ? "idempotent-" : "plain-") + place + "-" + i;
      producers.add(new ProducerClient(simulation, name, place, idempotent, model, this::leader));
    }
    consumers.add(
        new ConsumerClient(simulation, "consumer-" + place, place, true, model, this::leader));
  }

  static FaultPlan planOf(long seed) {
    return FaultPlan.random(new Simulation(seed).random("plan"));
  }

  /** Faults, crashes and pauses as {@code seed} has it. */
  static Outcome run(long seed, BrokerMutant mutant) {
    return run(seed, planOf(seed), mutant);
  }

  static Outcome run(long seed, FaultPlan plan, BrokerMutant mutant) {
    try (BrokerSimulation simulation = new BrokerSimulation(seed, plan, mutant)) {
      return simulation.run();
    }
  }

  @Override
  public void close() {
    simulation.close();
  }

  private Outcome run() {
    startBroker(false);
    simulation.world().schedule(this::strike, Duration.ofSeconds(2));
    simulation.world().schedule(this::supervise, Duration.ofSeconds(1));
    simulation.runFor(BUSY);
    heal();
    simulation.runUntil(() -> leader() != null, PROGRESS_LIMIT, "a broker that serves");
    simulation.runFor(Duration.ofSeconds(5));
    producers.forEach(ProducerClient::stop);
    admin.stop();
    simulation.runUntil(
        () -> producers.stream().allMatch(ProducerClient::hasNothingUnacked),
        PROGRESS_LIMIT,
        "everything acknowledged");
    simulation.runFor(Duration.ofSeconds(10)); // deletions under way
    audit();
    return new Outcome(
        simulation.traceHash(),
        simulation.eventsRun(),
        brokers.size(),
        crashes,
        brokers.stream().filter(broker -> broker.generation() != null).count(),
        brokers.stream()
            .map(BrokerProcess::generation)
            .filter(known -> known != null)
            .mapToLong(Generation::incarnation)
            .max()
            .orElse(0),
        exhaustions,
        model.ackedRecords(),
        model.reads(),
        bucket);
  }

  /** From here on nothing goes wrong; who sleeps may wake up, or never does. */
  private void heal() {
    healed = true;
    bucket.heal();
    brokers.forEach(broker -> broker.heal(random));
  }

  private void audit() {
    model.arrivesSound();
    List<ConsumerClient> auditors = new ArrayList<>();
    for (ConsumerClient consumer : consumers) {
      auditors.add(
          new ConsumerClient(
              simulation,
              "auditor-" + consumer.place(),
              consumer.place(),
              false,
              model,
              this::leader));
    }
    simulation.runUntil(
        () -> auditors.stream().allMatch(ConsumerClient::isAtEnd),
        PROGRESS_LIMIT,
        "everything read");
    auditors.forEach(auditor -> auditor.lookUp(5));
    simulation.runUntil(
        () -> auditors.stream().allMatch(ConsumerClient::hasLookedUp),
        PROGRESS_LIMIT,
        "every time looked for");
    for (ConsumerClient auditor : auditors) {
      model.checkComplete(
          auditor.place(), auditor.begin(), auditor.end(), auditor.bytes(), auditor.records());
    }
    simulation.runFor(Duration.ofMillis(1)); // throws what a check has found
  }

  /** Mostly the newest broker that serves; sometimes, while it still runs, an older one. */
  private @Nullable BrokerProcess leader() {
    for (int i = brokers.size() - 1; i >= 0; i--) {
      BrokerProcess broker = brokers.get(i);
      if (broker.isServing() && (healed || random.nextInt(5) != 0)) {
        return broker;
      }
    }
    return null;
  }

  private BrokerProcess newest() {
    return brokers.get(brokers.size() - 1);
  }

  private void startBroker(boolean recovers) {
    SimScheduler process = simulation.process("broker-" + (brokers.size() + 1));
    BrokerProcess broker =
        new BrokerProcess(
            process,
            bucket.forProcess(process),
            disk,
            recovers,
            simulation.random("options of " + process),
            mutant);
    brokers.add(broker);
    broker.start();
  }

  /** Starts the broker again when its process is gone; one that was refused may recover. */
  private void supervise() {
    simulation.world().schedule(this::supervise, Duration.ofMillis(300 + random.nextInt(1_500)));
    BrokerProcess last = newest();
    boolean sleeps = last.process().isPaused() && random.nextInt(8) == 0;
    if (!last.process().isCrashed() && !sleeps) {
      return;
    }
    boolean obeys = healed && wasRefused(last); // it was told that its disk is of former times
    if (sleeps || losesDisk || obeys || random.nextInt(4) == 0 && !healed) {
      losesDisk = false;
      disk = new SimulatedDisk();
    }
    startBroker(last.end() != null || random.nextInt(3) == 0);
  }

  private static boolean wasRefused(BrokerProcess broker) {
    Throwable cause = broker.end();
    while (cause != null && !(cause instanceof RefusedStartException)) {
      cause = cause.getCause();
    }
    return cause != null;
  }

  // -- faults of processes -----------------------------------------------------------------------

  private void strike() {
    if (healed) {
      return;
    }
    if (memoryChaos.nextInt(4) == 0) {
      exhaustions++;
      brokers.get(memoryChaos.nextInt(brokers.size())).memory().exhaust(memoryChaos.split());
    }
    BrokerProcess victim =
        random.nextBoolean() ? newest() : brokers.get(random.nextInt(brokers.size()));
    switch (random.nextInt(10)) {
      case 0, 1 -> crash(victim.process());
      case 2 -> victim.process().pause();
      case 3 -> victim.process().resume();
      case 4 -> victim.process().jumpWallClock(Duration.ofSeconds(random.nextInt(-5000, 5000)));
      case 5 -> victim.shutDown();
      case 6 -> {
        // Somebody else, or the same one by mistake, starts the broker on another machine.
        disk = new SimulatedDisk();
        startBroker(random.nextInt(4) != 0);
      }
      default -> {}
    }
    long millis = 500 + random.nextInt(6_000);
    simulation.world().schedule(this::strike, Duration.ofMillis(millis));
  }

  private void crash(SimScheduler process) {
    if (!process.isCrashed()) {
      crashes++;
      process.crash();
    }
  }

  /** Crashes or pauses a process at some moment in the life of one of its requests. */
  private void strikeAtAStep(StoreRequest.Phase phase, StoreRequest request) {
    if (healed) {
      return;
    }
    if (isExport(request) && random.nextInt(30) == 0) {
      losesDisk = true;
      crash(request.process());
    }
    if (random.nextInt(400) != 0) {
      return;
    }
    if (random.nextBoolean()) {
      crash(request.process());
    } else {
      request.process().pause();
    }
  }

  /** Of the metadata: what is in no export may be on the disk only. */
  private static boolean isExport(StoreRequest request) {
    return request.op() == StoreOp.PUT_IF_ABSENT && request.key().value().startsWith(EXPORTS);
  }
}
