package io.sediment.cluster.simulation;

import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import io.sediment.wal.simulation.SeedRuns;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * Three brokers and their clients on one bucket. Brokers crash, sleep past their leases, wake up as
 * zombies and start again; others take their lanes over, several of them at once where the Raft
 * leader changes in the middle; partitions are handed over meanwhile, one by one and all of a
 * broker's; the Raft leader changes for no reason. Now and then three who have nothing but the
 * bucket recover it while the others live.
 *
 * <p>Clients ask whom they believe to lead a partition, which is at times who led it before; most
 * producers keep to what they were told. Once all is healed, handoffs are given up, and the brokers
 * are restarted in turn.
 */
final class ClusterSimulation implements AutoCloseable {
  private static final Duration BUSY = Duration.ofSeconds(40);
  private static final Duration NO_RECORDS_TAKEN = Duration.ofSeconds(7); // a handoff waits 5 s
  private static final Duration PROGRESS_LIMIT = Duration.ofHours(1);

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

  private final Simulation simulation;
  private final SimObjectStore bucket;
  private final KafkaModel model;
  private final ClusterBrokers brokers;
  private final ClusterClients clients;
  private final ClusterChaos chaos;

  private ClusterSimulation(long seed, FaultPlan plan, BrokerMutant mutant, boolean clocksJump) {
    this.simulation = new Simulation(seed);
    SplittableRandom random = simulation.random("chaos");
    this.bucket = new SimObjectStore(simulation, plan);
    this.model = new KafkaModel(simulation);
    simulation.option("mutant: " + mutant);
    if (mutant != BrokerMutant.NONE) {
      simulation.limitEvents(MUTANT_EVENTS_MAX);
    }
    this.brokers = new ClusterBrokers(simulation, random, bucket, mutant, PROGRESS_LIMIT);
    this.clients = new ClusterClients(simulation, random, model, brokers, PROGRESS_LIMIT);
    this.chaos = new ClusterChaos(simulation, random, brokers, clocksJump);
    bucket.observe(chaos::strikeAtAStep);
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
      simulation.brokers.observe(
          (moment, command, leader, from) -> {
            if (!simulation.brokers.isHealed()) {
              point.onCommand(moment, command, leader, from);
            }
          });
      simulation.bucket.observe(
          (phase, request) -> {
            if (!simulation.brokers.isHealed()) {
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
    brokers.start();
    chaos.start();
    brokers.beginSupervision();
    MetadataFreshness.watch(simulation, brokers);
    MisledProducers.watch(simulation, brokers, clients.listeners());
    simulation.runFor(BUSY);
    bucket.heal();
    brokers.heal();
    simulation.runUntil(clients::isEverythingServed, PROGRESS_LIMIT, "a leader of every partition");
    simulation.runFor(Duration.ofSeconds(5));
    giveHandoffsUp();
    restartInTurn();
    clients.finish();
    simulation.runFor(Duration.ofSeconds(10)); // deletions under way
    clients.audit();
    List<String> findings = FrozenBucket.fsck(bucket);
    if (!findings.isEmpty()) {
      simulation.fail("damaged bucket: " + findings);
    }
    simulation.runFor(Duration.ofMillis(1)); // throws what a check has found
    return outcome();
  }

  /** Everybody begins to hand something over, and keeps it: the store takes no records. */
  private void giveHandoffsUp() {
    long endNanos = simulation.nowNanos() + NO_RECORDS_TAKEN.toNanos();
    bucket.script(
        request ->
            simulation.nowNanos() < endNanos
                && request.op() == StoreOp.PUT_IF_ABSENT
                && request.key().value().contains("/wal/"),
        Integer.MAX_VALUE,
        Fault.FAIL_BEFORE);
    simulation.runFor(Duration.ofSeconds(1));
    chaos.handOverEverywhere();
    simulation.runFor(NO_RECORDS_TAKEN.plus(MetadataFreshness.STALE_MAX).plusSeconds(1));
  }

  /** As an operator does, with clients that go on. */
  private void restartInTurn() {
    for (int id = 0; id < ClusterBrokers.COUNT; id++) {
      int each = id;
      BrokerProcess leaving = brokers.newest(id);
      leaving.shutDown();
      simulation.runUntil(
          () -> leaving.process().isCrashed() && brokers.serving(each) != null,
          PROGRESS_LIMIT,
          "broker " + id + " started again");
      simulation.runFor(Duration.ofSeconds(1));
    }
  }

  private Outcome outcome() {
    Map<String, Long> others = new TreeMap<>(brokers.others());
    others.putAll(clients.counts());
    return new Outcome(
        simulation.traceHash(),
        simulation.eventsRun(),
        brokers.all().size(),
        chaos.crashes(),
        brokers.sumOfPeers(BrokerPeers::takeovers),
        brokers.sumOfPeers(BrokerPeers::leasesLost),
        brokers.rebirths(),
        chaos.exhaustions(),
        model.ackedRecords(),
        model.reads(),
        bucket,
        others);
  }
}
