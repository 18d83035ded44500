package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.lane.LaneBusyException;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.CompactorFencedException;
import io.sediment.lsm.manifest.StaleSourcesException;
import io.sediment.lsm.scan.ObjectGoneException;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest.Phase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compactors that die, sleep and come back, against the plain model of what was appended. */
class CompactionCrashTest {
  private static final int PARTITIONS = 5;

  static LongStream seeds() {
    return Seeds.upTo(25);
  }

  private static void append(LaneWorld world, Broker broker, int batches) {
    for (int i = 0; i < batches; i++) {
      try {
        broker.append(
            world.random.nextInt(PARTITIONS),
            100 + world.random.nextInt(3000),
            1 + world.random.nextInt(5),
            world.random.nextInt(1000));
      } catch (LaneBusyException full) {
        world.simulation.runFor(Duration.ofSeconds(1));
      }
    }
  }

  private static void appendAndFlush(LaneWorld world, Broker broker, int batches) {
    append(world, broker, batches);
    world.await(broker.lane().flush(), "flushed");
  }

  private static void assertAllIsWell(LaneWorld world, Broker broker) {
    broker.assertReadsEverything(3000);
    for (int partition = 0; partition < PARTITIONS; partition++) {
      broker.assertProducers(partition);
    }
  }

  @Test
  void aPartitionLiesInOnePieceAfterwards() {
    CompactingWorld compacting = new CompactingWorld(3, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("one");
    for (int i = 0; i < 4; i++) {
      appendAndFlush(world, broker, 20);
    }
    assertThat(broker.lane().stats().l0Objects()).isEqualTo(4);
    int done = compacting.compactFully(compacting.inside(broker));
    assertThat(done).isPositive();
    assertThat(broker.lane().stats().l0Objects()).isZero();
    assertAllIsWell(world, broker);
    for (int i = 0; i < 20; i++) {
      broker.assertFindsTimestamp(i % PARTITIONS, world.random.nextInt(1100), 0);
    }
    broker.crash();
    Broker next = world.broker("next");
    world.settle(next);
    assertAllIsWell(world, next);
  }

  /** A partition's dead past may have holes: what was all dead goes, what others live in stays. */
  @Test
  void anObjectDroppedFromTheMiddleDoesNotStopCompaction() {
    CompactingWorld compacting = new CompactingWorld(12, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("one");
    for (List<Integer> partitions : List.of(List.of(0, 1), List.of(0), List.of(0, 1))) {
      partitions.forEach(partition -> broker.append(partition, 2000, 3, 7, false));
      world.await(broker.lane().flush(), "flushed");
    }
    world.logStarts.put(LaneWorld.partition(0), 6L);
    world.await(broker.lane().reclaim(world.logStarts, Set.of()), "reclaimed");
    assertThat(broker.lane().stats().l0Objects()).as("the one in the middle is gone").isEqualTo(2);
    compacting.compactFully(compacting.inside(broker));
    assertThat(broker.lane().stats().l0Objects()).isZero();
    assertAllIsWell(world, broker);
  }

  /** The table says what the adopted log did; a run may hold a part of that, or all. */
  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3})
  void producersAreKnownHoweverFarTheirLogWasCompacted(long seed) {
    CompactingWorld compacting = new CompactingWorld(seed, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker dead = world.broker("dead");
    appendAndFlush(world, dead, 12);
    for (int i = 0; i < 25; i++) {
      dead.append(i % 2, 200, 1, i, true);
      dead.untilAllDurable(); // an object of the log each
    }
    dead.crash();
    world.broker("sealer").crash();

    int compactions = 0;
    while (compactsOnce(compacting, "compactor " + compactions)) {
      compactions++;
      Broker next = world.broker("after " + compactions);
      for (int partition = 0; partition < PARTITIONS; partition++) {
        next.assertProducers(partition);
      }
      next.crash();
    }
    assertThat(compactions).as("bit by bit").isGreaterThan(3);
  }

  /** Another one each time: who opens the lane fences its compactor. */
  private static boolean compactsOnce(CompactingWorld compacting, String name) {
    SimScheduler process = compacting.world.simulation.process(name);
    LaneCompactor compactor = compacting.outside(process, true);
    boolean compacted = compacting.world.await(compactor.turn(), "turn").isPresent();
    process.crash();
    return compacted;
  }

  @Test
  void garbageCollectionLeavesWhatRunsName() {
    CompactingWorld compacting = new CompactingWorld(4, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("one");
    LaneCompactor compactor = compacting.inside(broker);
    for (int i = 0; i < 12; i++) {
      appendAndFlush(world, broker, 15);
      compacting.compactFully(compactor);
    }
    world.simulation.runFor(Duration.ofHours(1));
    assertThat(world.bucket.keys("data/").stream().filter(key -> key.value().endsWith(".l0")))
        .as("what is referenced at most")
        .hasSizeLessThan(12);
    assertAllIsWell(world, broker);
  }

  /** Kills the compactor's process at every single request of a compaction. */
  @Test
  void nothingIsLostWhereverACompactionIsCutShort() {
    int requests = runWithCrashAt(Integer.MAX_VALUE, Phase.SENT);
    assertThat(requests).isGreaterThan(20);
    for (int at = 1; at <= requests; at++) {
      for (Phase phase : List.of(Phase.SENT, Phase.LANDED)) {
        runWithCrashAt(at, phase);
      }
    }
  }

  private static int runWithCrashAt(int crashAt, Phase phase) {
    CompactingWorld compacting = new CompactingWorld(7, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("broker");
    for (int i = 0; i < 3; i++) {
      appendAndFlush(world, broker, 25);
    }
    SimScheduler process = world.simulation.process("compactor");
    LaneCompactor compactor = compacting.outside(process, false);
    int[] seen = {0};
    boolean[] counting = {true};
    world.bucket.observe(
        (now, request) -> {
          if (counting[0] && now == phase && ++seen[0] == crashAt) {
            process.crash();
          }
        });
    CompletableFuture<?> turn = compactor.turn();
    world.simulation.runUntil(
        () -> turn.isDone() || process.isCrashed(), LaneWorld.PATIENCE, "compacted or dead");
    counting[0] = false;
    if (!process.isCrashed()) {
      process.crash();
    }
    appendAndFlush(world, broker, 10);
    compacting.compactFully(compacting.outside(world.simulation.process("next"), false));
    world.simulation.runFor(Duration.ofHours(1));
    assertAllIsWell(world, broker);
    return seen[0];
  }

  @Test
  void anAttemptGoesOnWhereTheOneBeforeWasStopped() {
    CompactingWorld compacting = new CompactingWorld(9, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("broker");
    for (int i = 0; i < 4; i++) {
      appendAndFlush(world, broker, 30);
    }
    SimScheduler process = world.simulation.process("first");
    LaneCompactor first = compacting.outside(process, false);
    int[] completed = {0};
    world.bucket.observe(
        (phase, request) -> {
          boolean isCommit =
              request.op() == StoreOp.PUT_IF_ABSENT && request.key().value().contains("/manifest/");
          if (phase == Phase.ANSWERED && isCommit && ++completed[0] == 3) {
            process.crash();
          }
        });
    CompletableFuture<?> turn = first.turn();
    world.simulation.runUntil(
        () -> turn.isDone() || process.isCrashed(), LaneWorld.PATIENCE, "stopped");
    assertThat(process.isCrashed()).isTrue();
    world.bucket.observe((phase, request) -> {});
    LaneCompactor second = compacting.outside(world.simulation.process("second"), false);
    CompactionResult result = world.await(second.turn(), "resumed").orElseThrow();
    assertThat(result.plan().reason()).isEqualTo(CompactionPlan.Reason.RESUME);
    assertThat(result.referencedBytes()).as("what was copied before").isPositive();
    assertAllIsWell(world, broker);
  }

  @Test
  void aCompactorThatWasReplacedCommitsNothing() {
    CompactingWorld compacting = new CompactingWorld(5, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("broker");
    for (int i = 0; i < 3; i++) {
      appendAndFlush(world, broker, 25);
    }
    SimScheduler sleeper = world.simulation.process("sleeper");
    LaneCompactor zombie = compacting.outside(sleeper, false);
    CompletableFuture<?> turn = zombie.turn();
    world.simulation.runUntil(
        () -> world.bucket.keys("data/").stream().anyMatch(key -> key.value().endsWith(".l1")),
        LaneWorld.PATIENCE,
        "first output");
    sleeper.pause();
    compacting.compactFully(compacting.outside(world.simulation.process("heir"), false));
    world.simulation.runFor(Duration.ofHours(2));
    sleeper.resume();
    world.simulation.runUntil(turn::isDone, LaneWorld.PATIENCE, "awake");
    assertThat(turn).isCompletedExceptionally();
    assertAllIsWell(world, broker);
  }

  /**
   * Brokers live and die, compact inside, are compacted from outside, raise log starts and collect
   * garbage, under every fault: everything appended is read back as it was.
   */
  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void everythingIsThereOverManyLives(long seed) {
    SplittableRandom choice = new SplittableRandom(seed * 7919);
    FaultPlan faults =
        seed % 4 == 0 ? FaultPlan.none() : FaultPlan.random(new SplittableRandom(seed));
    CompactingWorld compacting = new CompactingWorld(seed, faults);
    LaneWorld world = compacting.world;
    for (int life = 0; life < 4; life++) {
      Broker broker = world.openBroker("life" + life);
      world.settle(broker);
      LaneCompactor inside = compacting.inside(broker);
      List<CompletableFuture<?>> turns = new ArrayList<>();
      List<CompletableFuture<?>> outsideTurns = new ArrayList<>();
      List<SimScheduler> outsiders = new ArrayList<>();
      for (int round = 2 + choice.nextInt(6); round >= 0; round--) {
        append(world, broker, choice.nextInt(40));
        switch (choice.nextInt(6)) {
          case 0 -> broker.lane().flush();
          case 1 -> {
            if (turns.stream().allMatch(CompletableFuture::isDone)) {
              turns.add(inside.turn());
            }
          }
          case 2 -> {
            SimScheduler process = world.simulation.process("out" + life + "-" + round);
            outsiders.add(process);
            openOutside(compacting, process, outsideTurns);
          }
          case 3 -> broker.raiseLogStart(choice.nextInt(PARTITIONS));
          case 4 -> {
            if (!outsiders.isEmpty()) {
              SimScheduler process = outsiders.remove(choice.nextInt(outsiders.size()));
              if (choice.nextBoolean()) {
                process.crash();
              } else {
                process.pause();
                world.simulation.runFor(Duration.ofMinutes(choice.nextInt(90)));
                process.resume();
              }
            }
          }
          default -> world.simulation.runFor(Duration.ofMillis(choice.nextInt(60_000)));
        }
      }
      broker.untilAllDurable();
      assertAllIsWell(world, broker);
      turns.forEach(CompactionCrashTest::assertExpectedEnd);
      outsideTurns.forEach(CompactionCrashTest::assertExpectedEnd);
      outsiders.forEach(SimScheduler::crash);
      broker.crash();
    }
  }

  private static void openOutside(
      CompactingWorld compacting, SimScheduler process, List<CompletableFuture<?>> turns) {
    try {
      turns.add(compacting.outside(process, false).turn());
    } catch (CompletionException e) {
      assertThat(e.getCause())
          .isInstanceOfAny(ObjectStoreException.class, CorruptObjectException.class);
    }
  }

  /** Trouble has known shapes; a mistake of our own would be an IllegalStateException. */
  private static void assertExpectedEnd(CompletableFuture<?> turn) {
    if (turn.isCompletedExceptionally()) {
      turn.handle(
              (result, failure) ->
                  failure instanceof CompletionException ? failure.getCause() : failure)
          .thenAccept(
              cause ->
                  assertThat((Throwable) cause)
                      .isInstanceOfAny(
                          ObjectStoreException.class,
                          CorruptObjectException.class,
                          CompactorFencedException.class,
                          StaleSourcesException.class,
                          ObjectGoneException.class))
          .join();
    }
  }
}
