package io.sediment.lsm.object;

import io.sediment.lsm.CorruptObjectException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Tells damage in transit from damage at rest: what was corrupt is read a second time. */
public final class ReadAgain {
  private ReadAgain() {}

  /** The result of {@code read}, or of a second one where the first found corruption. */
  public static <T> CompletableFuture<T> onceIfCorrupt(Supplier<CompletableFuture<T>> read) {
    return read.get()
        .handle(
            (value, failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(value);
              }
              return isCorrupt(failure) ? read.get() : CompletableFuture.<T>failedFuture(failure);
            })
        .thenCompose(result -> result);
  }

  private static boolean isCorrupt(Throwable failure) {
    return failure instanceof CorruptObjectException
        || (failure instanceof CompletionException
            && failure.getCause() instanceof CorruptObjectException);
  }
}
