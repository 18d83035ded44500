package io.sediment.runtime;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionHandler;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheduler of a real process: a few named daemon threads, and one more that hands them what
 * was scheduled for later. So a task for now neither takes the lock of the queue of timers nor
 * wakes a second thread to wait for the next of them.
 *
 * <p>A task that throws is logged with its stack; the pool goes on. After {@link #close} no further
 * task starts: those still waiting are dropped, later ones are dropped with a debug line, since at
 * shutdown nobody is left to care.
 */
@EdgeOfTheProcess
public final class ThreadPoolScheduler implements Scheduler, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ThreadPoolScheduler.class);

  private final ExecutorService pool;
  private final ScheduledThreadPoolExecutor timer;

  public ThreadPoolScheduler(String threadPrefix, int threads) {
    RejectedExecutionHandler dropping =
        (task, executor) -> log.debug("dropped a task: scheduler={} is closed", threadPrefix);
    pool =
        new ThreadPoolExecutor(
            threads,
            threads,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            new NamedThreads(threadPrefix),
            dropping);
    timer = new ScheduledThreadPoolExecutor(1, new NamedThreads(threadPrefix + "-timer"), dropping);
    timer.setRemoveOnCancelPolicy(true); // cancelled time-outs must not pin what they capture
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public void execute(Runnable task) {
    pool.execute(reporting(task));
  }

  @Override
  public Cancellable schedule(Runnable task, Duration delay) {
    AtomicBoolean cancelled = new AtomicBoolean(); // between the timer and the pool it counts, too
    Runnable unlessCancelled =
        () -> {
          if (!cancelled.get()) {
            task.run();
          }
        };
    Future<?> scheduled =
        timer.schedule(() -> execute(unlessCancelled), delay.toNanos(), TimeUnit.NANOSECONDS);
    return () -> {
      cancelled.set(true);
      scheduled.cancel(false);
    };
  }

  /** What a task throws ends neither the thread nor unseen. */
  private static Runnable reporting(Runnable task) {
    return () -> {
      try {
        task.run();
      } catch (Throwable failure) { // an Error too: the pool serves others as well
        log.error("task failed: thread={}", Thread.currentThread().getName(), failure);
      }
    };
  }

  @Override
  public void close() {
    timer.shutdownNow();
    pool.shutdownNow();
  }
}
