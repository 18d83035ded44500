package io.sediment.runtime;

import java.time.Duration;
import java.util.concurrent.Executor;

/**
 * Runs tasks now or later. As an {@link Executor} it runs a task as soon as a thread is free; tasks
 * must not block. In production a small pool, in simulation one thread that picks the next event by
 * seed: so no task may rely on the order of two tasks that it did not chain itself.
 *
 * <p>A task that throws is a bug: the scheduler reports it to its uncaught-exception handler and
 * goes on.
 */
public interface Scheduler extends Executor {
  /** Runs {@code task} once, not before {@code delay} has passed. */
  Cancellable schedule(Runnable task, Duration delay);

  /** A task that has been scheduled. */
  interface Cancellable {
    /** Keeps the task from starting; one that has started is not interrupted. Idempotent. */
    void cancel();
  }
}
