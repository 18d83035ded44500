package io.sediment.lsm.codec;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.runtime.Failures;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Tells damage in transit from damage at rest: what arrives corrupt is read again. */
public final class ReadAgain {
  private static final int READS_MAX = 3;

  private ReadAgain() {}

  /** The result of {@code read}, which is made again, twice at most, while it finds corruption. */
  public static <T> CompletableFuture<T> whileCorrupt(Supplier<CompletableFuture<T>> read) {
    return attempt(read, 1);
  }

  private static <T> CompletableFuture<T> attempt(Supplier<CompletableFuture<T>> read, int number) {
    return read.get()
        .handle(
            (value, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(value);
              }
              return number < READS_MAX && isCorrupt(failure)
                  ? attempt(read, number + 1)
                  : CompletableFuture.<T>failedFuture(Failures.causeOf(failure));
            })
        .thenCompose(result -> result);
  }

  private static boolean isCorrupt(Throwable failure) {
    return Failures.causeOf(failure) instanceof CorruptObjectException;
  }
}
