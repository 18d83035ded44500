package io.sediment.cluster.simulation;

import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreRequest;
import java.time.Duration;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * What happens to brokers until all is healed: they crash, sleep, run out of memory, shut down,
 * hear nothing, hand partitions over; their clocks jump; the metadata group elects for no reason.
 */
final class ClusterChaos {
  private final Simulation simulation;
  private final SplittableRandom random;
  private final ClusterBrokers brokers;
  private final boolean clocksJump;
  private long crashes;
  private long exhaustions;

  ClusterChaos(
      Simulation simulation, SplittableRandom random, ClusterBrokers brokers, boolean clocksJump) {
    this.simulation = simulation;
    this.random = random;
    this.brokers = brokers;
    this.clocksJump = clocksJump;
  }

  void start() {
    simulation.world().schedule(this::strike, Duration.ofSeconds(2));
  }

  long crashes() {
    return crashes;
  }

  /** How often somebody's memory was taken. */
  long exhaustions() {
    return exhaustions;
  }

  private void strike() {
    if (brokers.isHealed()) {
      return;
    }
    SimulatedRaft raft = brokers.raft();
    BrokerProcess victim =
        random.nextInt(4) != 0
            ? brokers.newest(random.nextInt(ClusterBrokers.COUNT))
            : brokers.all().get(random.nextInt(brokers.all().size()));
    switch (random.nextInt(24)) {
      case 0, 1 -> crash(victim.process());
      case 2, 3 -> sleep(victim.process());
      case 4 -> {
        Duration jump = Duration.ofSeconds(random.nextInt(-18_000, 18_000));
        victim.process().jumpWallClock(clocksJump ? jump : Duration.ZERO);
      }
      case 5 -> victim.shutDown();
      case 6, 7 -> raft.elect();
      case 8, 9, 10, 18, 19 -> {
        BrokerMoves moves = movesOf(brokers.anybody());
        if (moves != null) {
          moves.handSomethingOver(random.split(), ClusterBrokers.COUNT);
        }
      }
      case 15, 16, 17 -> {
        BrokerMoves moves = movesOf(brokers.anybody());
        if (moves != null) {
          moves.preferSomebody(random.split(), ClusterBrokers.COUNT);
        }
      }
      case 20, 21, 22 -> {
        BrokerProcess leaving = brokers.anybody();
        if (leaving != null) {
          leaving.shutDown();
        }
      }
      case 11 -> {
        exhaustions++;
        victim.memory().exhaust(random.split());
      }
      case 12 -> {
        if (!brokers.isRecovering() && random.nextInt(3) == 0) {
          brokers.recover();
        }
      }
      case 13, 14 -> {
        BrokerPeers peers = victim.peers();
        if (peers != null) {
          raft.deafen(peers.member(), Duration.ofMillis(200L << random.nextInt(8)));
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

  void handOverEverywhere() {
    for (int id = 0; id < ClusterBrokers.COUNT; id++) {
      BrokerMoves moves = movesOf(brokers.serving(id));
      if (moves != null) {
        moves.handSomethingOver(random.split(), ClusterBrokers.COUNT);
      }
    }
  }

  private static @Nullable BrokerMoves movesOf(@Nullable BrokerProcess broker) {
    BrokerPeers peers = broker == null ? null : broker.peers();
    return peers == null ? null : peers.moves();
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
  void strikeAtAStep(StoreRequest.Phase phase, StoreRequest request) {
    if (brokers.isHealed() || brokers.all().isEmpty() || random.nextInt(600) != 0) {
      return;
    }
    if (random.nextBoolean()) {
      crash(request.process());
    } else {
      sleep(request.process());
    }
  }
}
