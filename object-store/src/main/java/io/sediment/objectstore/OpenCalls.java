package io.sediment.objectstore;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Turns blocking work into calls of a store: each runs on an executor, fails with an {@link
 * ObjectStoreException} only, and ends even if the store is closed or its executor drops it.
 *
 * <p>A call that has begun when the store closes runs to its end (its buffers are still being
 * read); one that only waits ends at once.
 */
final class OpenCalls {
  /** Work that may block and fail. */
  interface Work<T> {
    @Nullable T run() throws IOException; // null only where T is Void
  }

  private final class Call<T> implements Runnable {
    final String what;
    final Work<T> work;
    final CompletableFuture<T> outcome = new CompletableFuture<>();
    final AtomicBoolean taken = new AtomicBoolean(); // by the executor, or by close

    Call(String what, Work<T> work) {
      this.what = what;
      this.work = work;
    }

    @Override
    public void run() {
      if (!taken.compareAndSet(false, true)) {
        return;
      }
      @Nullable T value;
      try {
        value = work.run();
      } catch (Throwable failure) { // an Error must not leave the caller waiting
        end();
        outcome.completeExceptionally(errors.map(what, failure));
        return;
      }
      end();
      outcome.complete(value);
    }

    void drop(ObjectStoreException reason) {
      if (taken.compareAndSet(false, true)) {
        end();
        outcome.completeExceptionally(reason);
      }
    }

    private void end() {
      open.remove(this);
      if (unfinished.decrementAndGet() == 0) {
        whenIdle.run();
      }
    }
  }

  /** Says what a failure of the work means to the caller. */
  interface ErrorMapping {
    ObjectStoreException map(String what, Throwable failure);
  }

  private final String storeName;
  private final ErrorMapping errors;
  private final Runnable whenIdle;
  private final Set<Call<?>> open = ConcurrentHashMap.newKeySet();
  private final AtomicInteger unfinished = new AtomicInteger(1); // one for the store being open
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param whenIdle runs once, when the store is closed and the last call has ended
   */
  OpenCalls(String storeName, ErrorMapping errors, Runnable whenIdle) {
    this.storeName = storeName;
    this.errors = errors;
    this.whenIdle = whenIdle;
  }

  <T> CompletableFuture<T> start(Executor executor, String what, Work<T> work) {
    Call<T> call = new Call<>(what, work);
    if (!enter()) {
      call.outcome.completeExceptionally(
          new ObjectStoreException.Refused(what + ": closed store=" + storeName, null));
      return call.outcome;
    }
    open.add(call);
    if (closed.get()) { // close may have missed it
      call.drop(closedMeanwhile(what));
      return call.outcome;
    }
    try {
      executor.execute(call);
    } catch (RejectedExecutionException e) {
      call.drop(
          new ObjectStoreException.Unavailable(
              what + ": no thread takes it, store=" + storeName, e));
    }
    return call.outcome;
  }

  void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    for (Call<?> call : open) {
      call.drop(closedMeanwhile(call.what));
    }
    if (unfinished.decrementAndGet() == 0) {
      whenIdle.run();
    }
  }

  /** Counts a call in, unless the store is closed. */
  private boolean enter() {
    while (true) {
      int count = unfinished.get();
      if (closed.get() || count == 0) {
        return false;
      }
      if (unfinished.compareAndSet(count, count + 1)) {
        return true;
      }
    }
  }

  private ObjectStoreException closedMeanwhile(String what) {
    return new ObjectStoreException.Unavailable(
        what + ": closed meanwhile, store=" + storeName, null);
  }
}
