package io.sediment.cluster.simulation;

import io.sediment.cluster.simulation.KafkaModel.Place;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Topic;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletionException;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Three brokers on one bucket, and all processes that they ever were: those that are gone or sleep
 * are started again, the metadata group is one of them, and founders that have nothing but the
 * bucket make another one.
 */
final class ClusterBrokers {
  static final int COUNT = 3;

  /**
   * Who leads a partition, as somebody says.
   *
   * @param broker {@link MetadataImage#NO_LEADER} where nobody does
   * @param epoch -1 where nothing is known
   */
  record Leadership(int broker, int epoch) {
    static final Leadership NONE = new Leadership(MetadataImage.NO_LEADER, -1);
  }

  private final Simulation simulation;
  private final SplittableRandom random;
  private final SplittableRandom believed; // by clients
  private final SimObjectStore bucket;
  private final BrokerMutant mutant;
  private final Duration foundingLimit;
  private final List<BrokerProcess> processes = new ArrayList<>();
  private final BrokerProcess[] newest = new BrokerProcess[COUNT];
  private SimulatedRaft raft; // of the newest incarnation
  private SimulatedRaft.Observer raftObserver = (moment, command, led, from) -> {};
  private @Nullable BrokerProcess founder; // while it recovers the bucket
  private long rebirths;
  private long electionsBefore;
  private long splitVotesBefore;
  private long failedPassesBefore;
  private boolean healed;

  /**
   * Founds the cluster; its brokers are to be {@link #start started}.
   *
   * @param random that of chaos
   */
  ClusterBrokers(
      Simulation simulation,
      SplittableRandom random,
      SimObjectStore bucket,
      BrokerMutant mutant,
      Duration foundingLimit) {
    this.simulation = simulation;
    this.random = random;
    this.believed = simulation.random("clients' beliefs");
    this.bucket = bucket;
    this.mutant = mutant;
    this.foundingLimit = foundingLimit;
    this.raft = new SimulatedRaft(simulation, found());
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
        return simulation.await(founder.found(), foundingLimit, "a cluster");
      } catch (CompletionException failed) {
        process.trace("not founded: " + failed.getCause());
        process.crash();
      }
    }
  }

  void start() {
    for (int id = 0; id < COUNT; id++) {
      startBroker(id);
    }
  }

  /** From now on whoever is gone is started again. */
  void beginSupervision() {
    simulation.world().schedule(this::supervise, Duration.ofSeconds(1));
  }

  /** Told of each command from now on, of this incarnation and later ones. */
  void observe(SimulatedRaft.Observer observer) {
    raftObserver = observer;
    raft.observe(observer);
  }

  /** From here on nothing goes wrong; who sleeps may wake up, or never does. */
  void heal() {
    healed = true;
    raft.heal();
    processes.forEach(broker -> broker.heal(random));
  }

  boolean isHealed() {
    return healed;
  }

  // -- who there is ------------------------------------------------------------------------------

  /** Every process that was started, in this order. */
  List<BrokerProcess> all() {
    return Collections.unmodifiableList(processes);
  }

  /** The last process of a broker. */
  BrokerProcess newest(int id) {
    return newest[id];
  }

  /** The metadata group of the newest incarnation. */
  SimulatedRaft raft() {
    return raft;
  }

  /** What clients draw from who believe something. */
  SplittableRandom beliefs() {
    return believed;
  }

  /** Somebody who serves, or did; null while there is nobody. */
  @Nullable BrokerProcess anybody() {
    List<BrokerProcess> serving = processes.stream().filter(BrokerProcess::isServing).toList();
    return serving.isEmpty() ? null : serving.get(believed.nextInt(serving.size()));
  }

  /** Who leads by somebody's metadata; null where nobody answers, or knows of the partition. */
  @Nullable Leadership leadershipOf(Place place) {
    BrokerProcess told = anybody();
    return told == null || !told.process().isUp() ? null : leadership(told, place);
  }

  private static @Nullable Leadership leadership(BrokerProcess told, Place place) {
    MetadataImage image = told.metadata().image();
    Topic topic = image.topic(place.topic());
    if (topic == null) {
      return null;
    }
    Partition partition = topic.partitions().get(place.partition());
    return new Leadership(image.leaderOf(partition), partition.leaderEpoch());
  }

  /** The leader by somebody's metadata; null where that says of none who serves. */
  @Nullable BrokerProcess leaderOf(Place place) {
    Leadership known = leadershipOf(place);
    return known == null ? null : serving(known.broker());
  }

  /** Where a broker is found, if it serves there. */
  @Nullable BrokerProcess serving(int id) {
    return id == MetadataImage.NO_LEADER || !newest[id].isServing() ? null : newest[id];
  }

  /** The newest leader epoch in anybody's metadata; -1 where nobody knows of the partition. */
  int newestEpochOf(Place place) {
    return processes.stream()
        .filter(BrokerProcess::isServing)
        .map(broker -> leadership(broker, place))
        .mapToInt(known -> known == null ? -1 : known.epoch())
        .max()
        .orElse(-1);
  }

  /** Somebody who may acknowledge what is sent to it, under an older leader epoch than this. */
  @Nullable BrokerProcess appendingBelow(int epoch, Place place) {
    long incarnation = raft.started().incarnation().number();
    for (BrokerProcess broker : processes) {
      Generation generation = broker.generation();
      if (generation != null
          && generation.incarnation() == incarnation
          && broker.appendsBelow(epoch, place)) {
        return broker;
      }
    }
    return null;
  }

  // -- their lives -------------------------------------------------------------------------------

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
    for (int id = 0; id < COUNT; id++) {
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

  boolean isRecovering() {
    return founder != null;
  }

  /** Three who have nothing but the bucket take it over, whoever lives of those who had it. */
  void recover() {
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
    for (int id = 0; id < COUNT; id++) {
      startBroker(id);
    }
  }

  // -- what is counted ---------------------------------------------------------------------------

  /** Rebirths of the cluster from its bucket. */
  long rebirths() {
    return rebirths;
  }

  long sum(ToLongFunction<BrokerProcess> count) {
    return processes.stream().mapToLong(count).sum();
  }

  /** Likewise, of what they have to do with each other. */
  long sumOfPeers(ToLongFunction<BrokerPeers> count) {
    return sum(
        broker -> {
          BrokerPeers peers = broker.peers();
          return peers == null ? 0 : count.applyAsLong(peers);
        });
  }

  private long sumOfMoves(ToLongFunction<BrokerMoves> count) {
    return sumOfPeers(
        peers -> {
          BrokerMoves moves = peers.moves();
          return moves == null ? 0 : count.applyAsLong(moves);
        });
  }

  /**
   * Besides: split votes, after which nobody led the metadata for a while; failed passes of
   * leadership, with times in which a leader took no commands.
   */
  Map<String, Long> others() {
    return Map.of(
        "elections", electionsBefore + raft.elections(),
        "split votes", splitVotesBefore + raft.splitVotes(),
        "failed passes", failedPassesBefore + raft.failedPasses(),
        "handoffs", sumOfMoves(BrokerMoves::handoffs),
        "moves for operators", sumOfMoves(BrokerMoves::forOperators),
        "moves for balance", sumOfMoves(BrokerMoves::forBalance),
        "compactions", sum(broker -> broker.compactors().ofItsLane()),
        "compactions of sealed lanes", sum(broker -> broker.compactors().ofSealedLanes()));
  }
}
