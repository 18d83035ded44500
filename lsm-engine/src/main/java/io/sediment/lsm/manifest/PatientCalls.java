package io.sediment.lsm.manifest;

import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Makes a call again, after growing pauses, for as long as the store is unavailable: a commit that
 * has begun must learn how it ended. Gives up only when closed.
 */
final class PatientCalls {
  private static final Duration PAUSE_MIN = Duration.ofMillis(20);
  private static final int DOUBLINGS_MAX = 8; // about five seconds

  private final Scheduler scheduler;
  private volatile boolean closed;

  PatientCalls(Scheduler scheduler) {
    this.scheduler = scheduler;
  }

  <T> CompletableFuture<T> call(Supplier<CompletableFuture<T>> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    attempt(call, 0, result);
    return result;
  }

  /** Calls that would pause fail from now on with what the store said last. */
  void close() {
    closed = true;
  }

  private <T> void attempt(
      Supplier<CompletableFuture<T>> call, int failures, CompletableFuture<T> result) {
    call.get()
        .whenComplete(
            (value, failure) -> {
              if (failure == null) {
                result.complete(value);
                return;
              }
              Throwable cause = Failures.causeOf(failure);
              if (closed || !(cause instanceof ObjectStoreException.Unavailable)) {
                result.completeExceptionally(cause);
                return;
              }
              Duration pause = PAUSE_MIN.multipliedBy(1L << Math.min(failures, DOUBLINGS_MAX));
              scheduler.schedule(() -> attempt(call, failures + 1, result), pause);
            });
  }
}
