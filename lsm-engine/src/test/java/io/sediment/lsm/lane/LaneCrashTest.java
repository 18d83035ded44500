package io.sediment.lsm.lane;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.Seeds;
import io.sediment.simulation.StoreRequest.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Brokers that die in the middle of it, against the plain model: what was acknowledged is there
 * after the next opening, every batch where it was and as it was.
 */
class LaneCrashTest {
  static LongStream seeds() {
    return Seeds.upTo(60);
  }

  private static void appendBurst(LaneWorld world, Broker broker, int batches) {
    for (int i = 0; i < batches; i++) {
      try {
        broker.append(
            world.random.nextInt(5),
            100 + world.random.nextInt(3000),
            1 + world.random.nextInt(5),
            world.random.nextInt(1000));
      } catch (LaneBusyException full) {
        world.simulation.runFor(Duration.ofSeconds(1));
      }
    }
  }

  /** Kills the broker at every single request of two flushes and of the opening after them. */
  @Test
  void nothingAcknowledgedIsLostWhereverAFlushIsCutShort() {
    int requests = runWithCrashAt(Integer.MAX_VALUE, Phase.SENT);
    assertThat(requests).isGreaterThan(20);
    for (int at = 1; at <= requests; at++) {
      for (Phase phase : List.of(Phase.SENT, Phase.LANDED)) {
        runWithCrashAt(at, phase);
      }
    }
  }

  /** Returns how many requests there were. */
  private static int runWithCrashAt(int crashAt, Phase phase) {
    LaneWorld world = new LaneWorld(7, FaultPlan.none());
    Broker first = world.broker("first");
    int[] seen = {0};
    List<Broker> alive = new ArrayList<>(List.of(first));
    world.bucket.observe(
        (now, request) -> {
          if (now == phase && !alive.isEmpty() && ++seen[0] == crashAt) {
            alive.remove(0).crash();
          }
        });
    try {
      appendBurst(world, first, 15);
      var flush = first.lane().flush();
      appendBurst(world, first, 15);
      var second = first.lane().flush();
      world.simulation.runUntil(
          () -> (flush.isDone() && second.isDone()) || first.process.isCrashed(),
          LaneWorld.PATIENCE,
          "flushed or dead");
    } catch (AssertionError diedWhileOpening) {
      if (!first.process.isCrashed()) {
        throw diedWhileOpening;
      }
    }
    if (!first.process.isCrashed()) {
      alive.clear();
      first.crash();
    }
    Broker next = world.broker("next");
    world.settle(next);
    next.assertReadsEverything(3000);
    for (int partition = 0; partition < 5; partition++) {
      next.assertProducers(partition);
    }
    return seen[0];
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void nothingAcknowledgedIsLostOverManyLives(long seed) {
    SplittableRandom choice = new SplittableRandom(seed * 7919);
    FaultPlan faults =
        seed % 4 == 0 ? FaultPlan.none() : FaultPlan.random(new SplittableRandom(seed));
    LaneWorld world = new LaneWorld(seed, faults);
    for (int life = 0; life < 5; life++) {
      Broker broker = world.openBroker("life" + life);
      world.settle(broker);
      for (int round = choice.nextInt(6); round >= 0; round--) {
        appendBurst(world, broker, choice.nextInt(60));
        switch (choice.nextInt(5)) {
          case 0 -> broker.lane().flush();
          case 1 -> world.simulation.runFor(Duration.ofMillis(choice.nextInt(3000)));
          case 2 -> {
            int partition = choice.nextInt(5);
            long start = world.logStarts.getOrDefault(LaneWorld.partition(partition), 0L);
            broker.assertReads(partition, start, 1 + choice.nextInt(20_000));
          }
          case 3 -> broker.raiseLogStart(choice.nextInt(5));
          default -> {
            int partition = choice.nextInt(5);
            long start = world.logStarts.getOrDefault(LaneWorld.partition(partition), 0L);
            long end = broker.partition(partition).durableOffset();
            broker.assertFindsTimestamp(
                partition, choice.nextInt(1100), choice.nextLong(start, Math.max(start, end) + 1));
          }
        }
      }
      broker.crash();
      if (choice.nextBoolean()) {
        world.simulation.runFor(Duration.ofMinutes(choice.nextInt(20)));
      }
    }
    world.bucket.heal();
    Broker last = world.openBroker("last");
    world.settle(last);
    last.assertReadsEverything(1 + choice.nextInt(30_000));
    for (int partition = 0; partition < 5; partition++) {
      last.assertProducers(partition);
    }
    appendBurst(world, last, 20);
    world.await(last.lane().close(), "closed");
    assertThat(last.budget.usedBytes()).as("memory is given back").isZero();
  }
}
