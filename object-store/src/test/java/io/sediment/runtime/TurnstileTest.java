package io.sediment.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class TurnstileTest {
  private static final int BYTES_PER_SECOND = 10_000;

  private final Simulation simulation = new Simulation(1);
  private final SimScheduler process = simulation.process("reader");
  private final Turnstile turnstile = new Turnstile(process, process, BYTES_PER_SECOND);
  private final List<Integer> served = new ArrayList<>();

  private CompletableFuture<Void> read(int reader, int bytes) {
    return turnstile
        .pass()
        .thenRun(
            () -> {
              served.add(reader);
              turnstile.pay(bytes);
            });
  }

  private double secondsOf(List<CompletableFuture<Void>> reads) {
    long begin = process.nanoTime();
    simulation.await(
        CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new)),
        Duration.ofHours(1),
        "all");
    return (process.nanoTime() - begin) / 1e9;
  }

  /** A second's worth is free at the beginning, and the last one does not wait for its own. */
  @Test
  void readersAreServedInTurnAtThatPace() {
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      reads.add(read(i, 1_000));
    }
    assertThat(served).as("at once").hasSizeBetween(10, 11);
    assertThat(secondsOf(reads)).isBetween(8.8, 9.1);
    assertThat(served).isSorted().hasSize(100);
  }

  @Test
  void aSecondsWorthIsFreeAfterAPause() {
    secondsOf(List.of(read(0, 50_000), read(1, 0)));
    assertThat(turnstile.isOpen()).isTrue();
    simulation.runFor(Duration.ofMinutes(1));
    turnstile.pay(9_900);
    assertThat(turnstile.isOpen()).isTrue();
    turnstile.pay(200);
    assertThat(turnstile.isOpen()).isFalse();
  }

  @Test
  void whoGivesUpOrReadsNothingCostsTheOthersNothing() {
    turnstile.pay(30_000);
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      turnstile.pass().cancel(false);
      reads.add(read(i, 0));
    }
    assertThat(secondsOf(reads)).isBetween(1.9, 2.1);
  }

  /** One that comes while nobody waits starts the clock again. */
  @Test
  void nobodyIsForgotten() {
    for (int i = 0; i < 20; i++) {
      turnstile.pay(15_000);
      assertThat(secondsOf(List.of(read(i, 100)))).isLessThan(3);
    }
    assertThat(served).hasSize(20);
  }

  @Test
  void withoutALimitItIsAlwaysOpen() {
    for (Turnstile open : List.of(Turnstile.OPEN, new Turnstile(process, process, 0))) {
      open.pay(Long.MAX_VALUE);
      assertThat(open.isOpen()).isTrue();
      assertThat(open.pass()).isCompleted();
    }
  }
}
