package io.sediment.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ThreadPoolSchedulerTest {
  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test-scheduler", 1);

  @AfterEach
  void close() {
    scheduler.close();
  }

  @Test
  void runsTasksOnNamedDaemonThreads() {
    CompletableFuture<Thread> ranOn = new CompletableFuture<>();
    scheduler.execute(() -> ranOn.complete(Thread.currentThread()));

    Thread thread = Await.result(ranOn);
    assertThat(thread.getName()).isEqualTo("test-scheduler-1");
    assertThat(thread.isDaemon()).isTrue();
  }

  @Test
  void aTaskThatThrowsDoesNotStopTheOthers() {
    scheduler.execute(
        () -> {
          throw new IllegalStateException("a bug, on purpose");
        });
    scheduler.execute(
        () -> {
          throw new AssertionError("an error, on purpose");
        });
    CompletableFuture<String> next = new CompletableFuture<>();
    scheduler.execute(() -> next.complete("ran"));

    assertThat(Await.result(next)).isEqualTo("ran");
  }

  @Test
  void aDelayedTaskDoesNotStartEarly() {
    long start = System.nanoTime();
    CompletableFuture<Long> ranAt = new CompletableFuture<>();
    scheduler.schedule(() -> ranAt.complete(System.nanoTime()), Duration.ofMillis(20));

    assertThat(Await.result(ranAt) - start).isGreaterThanOrEqualTo(20_000_000);
  }

  @Test
  void aCancelledTaskDoesNotRun() {
    CountDownLatch busy = new CountDownLatch(1);
    scheduler.execute(() -> awaitLatch(busy)); // the only thread: nothing else can start
    AtomicBoolean ran = new AtomicBoolean();
    Scheduler.Cancellable cancellable = scheduler.schedule(() -> ran.set(true), Duration.ZERO);
    cancellable.cancel();
    cancellable.cancel();
    CompletableFuture<Void> later = new CompletableFuture<>();
    scheduler.execute(() -> later.complete(null));
    busy.countDown();
    Await.result(later);

    assertThat(ran).isFalse();
  }

  @Test
  void aClosedSchedulerDropsTasksQuietly() {
    scheduler.close();
    scheduler.execute(() -> {});
    scheduler.schedule(() -> {}, Duration.ZERO).cancel();
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
