package io.sediment.objectstore.s3;

import io.sediment.objectstore.ObjectStoreException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The calls that have no outcome yet. Each fails with an {@link ObjectStoreException} only, and
 * ends even if the SDK never says how, once the store is closed.
 */
final class OpenRequests {
  private final Map<CompletableFuture<?>, String> open = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * Runs {@code call}; its outcome is told only when nothing reads {@code body} any more.
   *
   * @param what the call and its key, for messages
   */
  <T> CompletableFuture<T> start(
      String what, @Nullable BodyInFlight body, Supplier<CompletableFuture<T>> call) {
    CompletableFuture<T> outcome = new CompletableFuture<>();
    open.put(outcome, what);
    if (closed) {
      open.remove(outcome);
      outcome.completeExceptionally(
          new ObjectStoreException.Refused(what + ": the store is closed", null));
      return outcome;
    }
    CompletableFuture<T> sent;
    try {
      sent = call.get();
    } catch (RuntimeException e) { // the SDK throws where it should fail its future
      sent = CompletableFuture.failedFuture(e);
    }
    sent.whenComplete(
        (value, failure) -> {
          if (failure == null) {
            open.remove(outcome);
            outcome.complete(value);
            return;
          }
          Runnable tell =
              () -> {
                open.remove(outcome);
                outcome.completeExceptionally(S3Errors.map(what, failure));
              };
          if (body == null || S3Errors.isAnswer(failure)) {
            tell.run(); // an answer comes after the whole body, and its connection may be in use
          } else {
            body.release(tell);
          }
        });
    return outcome;
  }

  /** Refuses calls from now on. Those that run go on. */
  void close() {
    closed = true;
  }

  /** Ends what still has no outcome; only when nothing can send or answer any more. */
  void abandon() {
    for (Map.Entry<CompletableFuture<?>, String> entry : open.entrySet()) {
      open.remove(entry.getKey());
      entry
          .getKey()
          .completeExceptionally(
              new ObjectStoreException.Unavailable(
                  entry.getValue() + ": the store was closed meanwhile", null));
    }
  }
}
