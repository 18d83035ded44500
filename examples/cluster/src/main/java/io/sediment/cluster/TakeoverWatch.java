package io.sediment.cluster;

import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Looks now and then whether the bucket still belongs to this process's incarnation. A broker that
 * writes finds out by its next write; one that only reads would go on answering from a past that
 * has ended.
 */
public final class TakeoverWatch implements AutoCloseable {
  private final Scheduler scheduler;
  private final Duration interval;
  private final Supplier<CompletableFuture<Boolean>> isNewest;
  private final Consumer<Throwable> onTakenOver;
  private volatile boolean closed;
  private volatile Scheduler.@Nullable Cancellable next;

  private TakeoverWatch(
      Scheduler scheduler,
      Duration interval,
      Supplier<CompletableFuture<Boolean>> isNewest,
      Consumer<Throwable> onTakenOver) {
    this.scheduler = scheduler;
    this.interval = interval;
    this.isNewest = isNewest;
    this.onTakenOver = onTakenOver;
  }

  /** The first look comes after one interval. */
  public static TakeoverWatch start(
      Scheduler scheduler,
      Duration interval,
      Supplier<CompletableFuture<Boolean>> isNewest,
      Consumer<Throwable> onTakenOver) {
    TakeoverWatch watch = new TakeoverWatch(scheduler, interval, isNewest, onTakenOver);
    watch.scheduleNext();
    return watch;
  }

  private void scheduleNext() {
    if (!closed) {
      next = scheduler.schedule(this::look, interval);
    }
  }

  private void look() {
    CompletableFuture.completedFuture(true)
        .thenCompose(now -> isNewest.get()) // so that a call that throws is a look that failed
        .whenComplete(
            (newest, failure) -> {
              if (failure == null && !newest) {
                onTakenOver.accept(
                    new TakenOverException("the bucket was taken over by a newer incarnation"));
              } else {
                scheduleNext(); // a store that does not answer says nothing
              }
            });
  }

  @Override
  public void close() {
    closed = true;
    Scheduler.Cancellable last = next;
    if (last != null) {
      last.cancel();
    }
  }
}
