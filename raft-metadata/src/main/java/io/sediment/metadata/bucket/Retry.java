package io.sediment.metadata.bucket;

import io.sediment.metadata.CorruptMetadataException;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats what is safe to repeat while the store is unavailable, at growing intervals; and a few
 * times what was read damaged, since most damage happens on the way.
 */
final class Retry {
  private static final Logger LOG = LoggerFactory.getLogger(Retry.class);

  /** Single failures are daily life. */
  private static final int ATTEMPTS_UNSAID = 7;

  private static final int DAMAGED_READS_MAX = 4;
  private static final long DELAY_MS_MIN = 20;
  private static final long DELAY_MS_MAX = 2_000;

  private final Scheduler scheduler;
  private final int attemptsMax;
  private final BooleanSupplier stopped;

  private Retry(Scheduler scheduler, int attemptsMax, BooleanSupplier stopped) {
    this.scheduler = scheduler;
    this.attemptsMax = attemptsMax;
    this.stopped = stopped;
  }

  /** For starting up, where somebody waits: about ten seconds of a store that answers at once. */
  static Retry bounded(Scheduler scheduler) {
    return new Retry(scheduler, 11, () -> false);
  }

  static Retry until(BooleanSupplier stopped, Scheduler scheduler) {
    return new Retry(scheduler, Integer.MAX_VALUE, stopped);
  }

  <T> CompletableFuture<T> run(String what, Supplier<CompletableFuture<T>> attempt) {
    CompletableFuture<T> result = new CompletableFuture<>();
    run(what, attempt, 1, result);
    return result;
  }

  private <T> void run(
      String what,
      Supplier<CompletableFuture<T>> attempt,
      int number,
      CompletableFuture<T> result) {
    attempt
        .get()
        .whenComplete(
            (value, failure) -> {
              if (failure == null) {
                result.complete(value);
                return;
              }
              Throwable cause = Failures.causeOf(failure);
              boolean again =
                  cause instanceof ObjectStoreException.Unavailable && number < attemptsMax
                      || cause instanceof CorruptMetadataException && number < DAMAGED_READS_MAX;
              if (!again || stopped.getAsBoolean()) {
                result.completeExceptionally(cause);
                return;
              }
              long delayMs = Math.min(DELAY_MS_MAX, DELAY_MS_MIN << Math.min(number, 10));
              if (number == ATTEMPTS_UNSAID || number % 20 == 0) {
                LOG.warn("{}: attempt={} still failing: {}", what, number, cause.toString());
              }
              // Waiting does not help against damage on the way.
              Duration delay =
                  cause instanceof CorruptMetadataException
                      ? Duration.ZERO
                      : Duration.ofMillis(delayMs);
              scheduler.schedule(() -> run(what, attempt, number + 1, result), delay);
            });
  }
}
