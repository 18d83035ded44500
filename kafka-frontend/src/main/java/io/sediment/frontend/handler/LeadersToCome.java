package io.sediment.frontend.handler;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;

/**
 * Has those who ask for leaders wait for a moment while the next ones are about to be named. A
 * client that is told "nobody" asks again only after its own pause, which has grown to a second by
 * then; one that is answered late knows the next leader as soon as there is one.
 *
 * <p>Nobody waits for a lane that has been without a writer for longer than that already, as where
 * it cannot be sealed. Thread-safe, never blocking.
 */
final class LeadersToCome {
  /** From when a lane lost its writer. */
  static final Duration WAIT_MAX = Duration.ofSeconds(2);

  private static final Duration PAUSE = Duration.ofMillis(10);

  private final Scheduler scheduler;
  private final Ticker ticker;

  /** When a lane lost its writer last; written by one image at a time. */
  private volatile long lostAtNanos;

  @SuppressWarnings(
      "this-escape") // images may come before the constructor ends; all is set by then
  LeadersToCome(ClusterMetadata metadata, Scheduler scheduler, Ticker ticker) {
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.lostAtNanos = ticker.nanoTime() - WAIT_MAX.toNanos();
    metadata.subscribe(this::follow); // for as long as the broker lives
  }

  private void follow(MetadataImage before, MetadataImage after) {
    if (before.lanes() == after.lanes()) {
      return;
    }
    for (Lane lane : after.lanes().values()) {
      Lane known = before.lane(lane.id());
      if (known != null && known.isOpen() && !lane.isOpen()) {
        lostAtNanos = ticker.nanoTime();
      }
    }
  }

  private boolean mayCome() {
    return ticker.nanoTime() - lostAtNanos < WAIT_MAX.toNanos();
  }

  /**
   * Completes when {@code areKnown}, or none is to be waited for any more: at once, or on {@code
   * thread}.
   */
  CompletableFuture<Void> await(BooleanSupplier areKnown, Executor thread) {
    if (!mayCome() || areKnown.getAsBoolean()) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> pause = new CompletableFuture<>();
    scheduler.schedule(() -> thread.execute(() -> pause.complete(null)), PAUSE);
    return pause.thenCompose(waited -> await(areKnown, thread));
  }
}
