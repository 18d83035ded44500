package io.sediment.simulation;

import io.sediment.runtime.Waiter;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A thread of a simulated process for code that blocks, such as a {@code main}. It runs only while
 * the simulation's own thread stands still, inside an event of its process: until it blocks in
 * {@link #await} or ends. So there is never more than one thread at work, and the order stays the
 * seed's.
 *
 * <p>The thread of a process that has crashed is never woken, and ends with the virtual machine or
 * with {@link Simulation#close}.
 */
public final class SimThread implements Waiter {
  private final SimScheduler process;
  private final Semaphore mayRun = new Semaphore(0);
  private final Semaphore hasStopped = new Semaphore(0);
  private @Nullable Thread thread;
  private boolean abandoned;
  private boolean ended; // not Thread.isAlive: it is alive for a moment after its last word

  private SimThread(SimScheduler process) {
    this.process = process;
  }

  /** What a thread runs; {@code waiter} is how it blocks. */
  @FunctionalInterface
  public interface Body<T> {
    T run(Waiter waiter) throws Exception;
  }

  /** Thrown into a thread whose simulation has ended. */
  private static final class Abandoned extends Error {
    private static final long serialVersionUID = 1;
  }

  /** Starts a thread in {@code process}; the future completes in an event of it. */
  public static <T> CompletableFuture<T> start(SimScheduler process, Body<T> body) {
    CompletableFuture<T> result = new CompletableFuture<>();
    SimThread self = new SimThread(process);
    process.execute(() -> self.begin(() -> body.run(self), result));
    return result;
  }

  private <T> void begin(Callable<T> body, CompletableFuture<T> result) {
    Thread own =
        new Thread(
            () -> {
              mayRun.acquireUninterruptibly();
              Runnable end = end(body, result);
              process.execute(end);
              ended = true;
              hasStopped.release();
            },
            "simulated " + process.name());
    own.setDaemon(true);
    thread = own;
    process.simulation().onClose(this::abandon);
    own.start();
    runUntilItStops();
  }

  private static <T> Runnable end(Callable<T> body, CompletableFuture<T> result) {
    try {
      T value = body.call();
      return () -> result.complete(value);
    } catch (Abandoned e) {
      return () -> {};
    } catch (Throwable e) {
      return () -> result.completeExceptionally(e);
    }
  }

  /** On the simulation's thread. */
  private void runUntilItStops() {
    mayRun.release();
    hasStopped.acquireUninterruptibly();
  }

  private void abandon() {
    if (thread != null && !ended) {
      abandoned = true;
      runUntilItStops();
    }
  }

  /** Lets the simulation run on until {@code future} completes. */
  @Override
  public <T> T await(CompletableFuture<T> future, Duration limit)
      throws ExecutionException, TimeoutException, InterruptedException {
    CompletableFuture<T> bounded = future.copy();
    process.schedule(
        () -> bounded.completeExceptionally(new TimeoutException("simulated " + limit)), limit);
    bounded.whenComplete((value, failure) -> process.execute(this::runUntilItStops));
    hasStopped.release();
    mayRun.acquireUninterruptibly();
    if (abandoned) {
      throw new Abandoned();
    }
    if (bounded.isCompletedExceptionally() && !future.isDone()) {
      throw new TimeoutException("not within " + limit);
    }
    return future.get();
  }
}
