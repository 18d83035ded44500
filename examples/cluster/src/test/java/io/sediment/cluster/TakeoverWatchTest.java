package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class TakeoverWatchTest {
  private final Simulation simulation = new Simulation(1);
  private final SimScheduler process = simulation.process("broker");
  private final List<Throwable> ends = new ArrayList<>();
  private CompletableFuture<Boolean> answer = CompletableFuture.completedFuture(true);
  private boolean storeThrows;
  private int looks;

  private TakeoverWatch start() {
    return TakeoverWatch.start(
        process,
        Duration.ofSeconds(10),
        () -> {
          looks++;
          if (storeThrows) {
            throw new IllegalStateException("thrown by a test");
          }
          return answer;
        },
        ends::add);
  }

  @Test
  void anIdleBrokerLearnsThatItWasReplacedAndStopsLooking() {
    start();
    simulation.runFor(Duration.ofSeconds(25));
    assertThat(ends).isEmpty();
    answer = CompletableFuture.completedFuture(false);
    simulation.runFor(Duration.ofMinutes(5));
    assertThat(looks).isEqualTo(3);
    assertThat(ends).hasSize(1);
    assertThat(Main.exitStatus(ends.get(0))).isEqualTo(Main.EXIT_DATA_IN_USE);
  }

  @Test
  void aStoreThatDoesNotAnswerSaysNothing() {
    start();
    answer = CompletableFuture.failedFuture(new IllegalStateException("unavailable"));
    simulation.runFor(Duration.ofSeconds(25));
    assertThat(ends).isEmpty();
    answer = CompletableFuture.completedFuture(false);
    simulation.runFor(Duration.ofSeconds(10));
    assertThat(ends).hasSize(1);
  }

  @Test
  void aStoreThatThrowsSaysNothingEither() {
    start();
    storeThrows = true;
    simulation.runFor(Duration.ofSeconds(25));
    assertThat(looks).isEqualTo(2);
    assertThat(ends).isEmpty();
    storeThrows = false;
    answer = CompletableFuture.completedFuture(false);
    simulation.runFor(Duration.ofSeconds(10));
    assertThat(ends).hasSize(1);
  }

  @Test
  void onceClosedItDoesNotLook() {
    start().close();
    simulation.runFor(Duration.ofMinutes(1));
    assertThat(looks).isZero();
  }
}
