package io.sediment.runtime;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The scheduler of a real process: a few named daemon threads.
 *
 * <p>A task that throws is logged with its stack; the pool goes on. After {@link #close} no further
 * task starts: those still waiting are dropped, later ones are dropped with a debug line, since at
 * shutdown nobody is left to care.
 */
@EdgeOfTheProcess
public final class ThreadPoolScheduler implements Scheduler, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ThreadPoolScheduler.class);

  private final ScheduledThreadPoolExecutor pool;

  public ThreadPoolScheduler(String threadPrefix, int threads) {
    pool =
        new ScheduledThreadPoolExecutor(
            threads,
            new NamedThreads(threadPrefix),
            (task, executor) -> log.debug("dropped a task: scheduler={} is closed", threadPrefix));
    pool.setRemoveOnCancelPolicy(true); // cancelled time-outs must not pin what they capture
    pool.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public void execute(Runnable task) {
    pool.schedule(reporting(task), 0, TimeUnit.NANOSECONDS);
  }

  @Override
  public Cancellable schedule(Runnable task, Duration delay) {
    Future<?> scheduled = pool.schedule(reporting(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    return () -> scheduled.cancel(false);
  }

  /** A scheduled pool keeps a task's exception in its future, where nobody would see it. */
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
    pool.shutdownNow();
  }
}
