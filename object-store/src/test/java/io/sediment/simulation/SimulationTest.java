package io.sediment.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class SimulationTest {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private final Simulation simulation = new Simulation(7);

  @Test
  void timeJumpsToTheNextEventAndNeverRunsOneEarly() {
    SimScheduler process = simulation.process("a");
    List<String> ran = new ArrayList<>();
    long start = process.nanoTime();
    process.schedule(() -> ran.add("hour"), Duration.ofHours(1));
    process.schedule(() -> ran.add("second"), Duration.ofSeconds(1));
    simulation.runUntil(() -> ran.size() == 2, Duration.ofHours(2), "both");
    assertThat(ran).containsExactly("second", "hour");
    assertThat(Duration.ofNanos(process.nanoTime() - start))
        .isBetween(Duration.ofHours(1), Duration.ofHours(1).plusMillis(1));
  }

  @Test
  void theSeedChoosesAmongEventsThatAreDueTogether() {
    Set<List<Integer>> orders = new HashSet<>();
    for (long seed = 1; seed <= 100; seed++) {
      Simulation each = new Simulation(seed);
      SimScheduler process = each.process("a");
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        int number = i;
        process.execute(() -> order.add(number));
      }
      each.runUntil(() -> order.size() == 3, MINUTE, "three");
      orders.add(order);
    }
    assertThat(orders).hasSize(6);
  }

  @Test
  void aCancelledTaskDoesNotRun() {
    SimScheduler process = simulation.process("a");
    process.schedule(() -> simulation.fail("ran"), Duration.ofSeconds(1)).cancel();
    simulation.runFor(MINUTE);
    assertThat(simulation.now()).isEqualTo(MINUTE);
  }

  @Test
  void nothingOfACrashedProcessRunsAgain() {
    SimScheduler process = simulation.process("a");
    CompletableFuture<Void> waitedFor = new CompletableFuture<>();
    process.schedule(() -> waitedFor.complete(null), Duration.ofSeconds(2));
    process.schedule(process::crash, Duration.ofSeconds(1));
    simulation.runFor(MINUTE);
    process.execute(() -> simulation.fail("ran after the crash"));
    simulation.runFor(MINUTE);
    assertThat(waitedFor).isNotDone();
    assertThat(simulation.process("a").name()).isEqualTo("a#2");
  }

  @Test
  void aPausedProcessDoesEverythingLateAsAZombie() {
    SimScheduler process = simulation.process("a");
    List<Duration> ran = new ArrayList<>();
    process.schedule(() -> ran.add(simulation.now()), Duration.ofSeconds(1));
    process.pause();
    simulation.runFor(Duration.ofDays(7));
    assertThat(ran).isEmpty();
    process.resume();
    simulation.runUntil(() -> !ran.isEmpty(), MINUTE, "the held event");
    assertThat(ran.get(0)).isGreaterThanOrEqualTo(Duration.ofDays(7));
  }

  @Test
  void wallClocksJumpAndMonotonicClocksDoNot() {
    SimScheduler process = simulation.process("a");
    Instant wall = process.instant();
    long ticks = process.nanoTime();
    process.jumpWallClock(Duration.ofDays(-1));
    assertThat(process.instant()).isEqualTo(wall.minus(Duration.ofDays(1)));
    assertThat(process.nanoTime()).isEqualTo(ticks);
  }

  @Test
  void aTaskThatThrowsFailsTheRunWithSeedAndLastEvents() {
    SimScheduler process = simulation.process("broker-1");
    simulation.option("options of this run");
    process.trace("about to go wrong");
    process.execute(
        () -> {
          throw new IllegalStateException("a bug");
        });
    assertThatThrownBy(() -> simulation.runFor(MINUTE))
        .isInstanceOf(SimulationFailure.class)
        .hasMessageContainingAll(
            "a bug",
            "seed=7",
            "options of this run",
            "last events of broker-1",
            "about to go wrong")
        .hasCauseInstanceOf(IllegalStateException.class);
  }

  @Test
  void whatNeverHappensIsReportedAsStuck() {
    assertThatThrownBy(() -> simulation.runUntil(() -> false, MINUTE, "the answer"))
        .hasMessageContaining("stuck: nothing left to run, and no \"the answer\"");
    SimScheduler process = simulation.process("a");
    tickForever(process);
    assertThatThrownBy(() -> simulation.runUntil(() -> false, MINUTE, "the answer"))
        .hasMessageContaining("stuck: no \"the answer\" within PT1M");
  }

  @Test
  void aTaskThatSpinsIsReportedAsLivelock() {
    simulation.limitEvents(1_000);
    SimScheduler process = simulation.process("a");
    spin(process);
    assertThatThrownBy(() -> simulation.runFor(MINUTE)).hasMessageContaining("livelock");
  }

  private static void tickForever(SimScheduler process) {
    process.schedule(() -> tickForever(process), Duration.ofSeconds(1));
  }

  private static void spin(SimScheduler process) {
    process.execute(() -> spin(process));
  }
}
