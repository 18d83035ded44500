package io.sediment.runtime;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * How the thread of a {@code main} blocks. Only code that starts a process may; in a simulation the
 * other processes run on meanwhile.
 */
public interface Waiter {
  /** Blocks the thread. */
  Waiter BLOCKING =
      new Waiter() {
        @Override
        public <T> T await(CompletableFuture<T> future, Duration limit)
            throws ExecutionException, TimeoutException, InterruptedException {
          return future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        }
      };

  /** Returns what {@code future} completes with, as its timed {@code get} does. */
  <T> T await(CompletableFuture<T> future, Duration limit)
      throws ExecutionException, TimeoutException, InterruptedException;
}
