package io.sediment.runtime;

import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * A scheduler and clock that stand still until told to advance; tasks run on the thread that does.
 */
public final class ManualScheduler implements Scheduler, Ticker {
  private record Task(long dueNanos, long number, Runnable work) {}

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(Comparator.comparingLong(Task::dueNanos).thenComparing(Task::number));
  private long nowNanos = -5; // any origin is legal
  private long scheduled;

  @Override
  public void execute(Runnable task) {
    schedule(task, Duration.ZERO);
  }

  @Override
  public Cancellable schedule(Runnable work, Duration delay) {
    Task task = new Task(nowNanos + delay.toNanos(), scheduled++, work);
    tasks.add(task);
    return () -> tasks.remove(task);
  }

  @Override
  public long nanoTime() {
    return nowNanos;
  }

  /** Lets {@code duration} pass and runs what falls due, in order. */
  public void advance(Duration duration) {
    long end = nowNanos + duration.toNanos();
    while (!tasks.isEmpty() && tasks.peek().dueNanos() <= end) {
      Task next = tasks.remove();
      nowNanos = Math.max(nowNanos, next.dueNanos());
      next.work().run();
    }
    nowNanos = end;
  }

  /** Runs what is due now. */
  public void runDue() {
    advance(Duration.ZERO);
  }

  /** Tasks that wait. */
  public int pending() {
    return tasks.size();
  }
}
