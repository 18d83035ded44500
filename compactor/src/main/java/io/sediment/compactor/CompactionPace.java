package io.sediment.compactor;

import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/**
 * How fast compaction may go: so many bytes a second, read and written once each. What was not
 * taken in time is not made up for later, since a burst is what clients that produce meanwhile
 * would feel. Thread-safe.
 */
public final class CompactionPace {
  private static final long SECOND_NANOS = Duration.ofSeconds(1).toNanos();

  private final Scheduler scheduler;
  private final Ticker ticker;
  private final long bytesPerSecond;
  private long paidUntilNanos; // guarded by this

  /**
   * @param bytesPerSecond 0 for no limit
   */
  public CompactionPace(Scheduler scheduler, Ticker ticker, long bytesPerSecond) {
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.bytesPerSecond = bytesPerSecond;
    this.paidUntilNanos = ticker.nanoTime();
  }

  /** Completes when {@code bytes} more may be moved. */
  public CompletableFuture<Void> take(long bytes) {
    long waitNanos = bytesPerSecond == 0 ? 0 : pay(bytes);
    CompletableFuture<Void> go = new CompletableFuture<>();
    if (waitNanos <= 0) {
      go.complete(null);
    } else {
      scheduler.schedule(() -> go.complete(null), Duration.ofNanos(waitNanos));
    }
    return go;
  }

  private synchronized long pay(long bytes) {
    long now = ticker.nanoTime();
    long from = paidUntilNanos - now < 0 ? now : paidUntilNanos;
    paidUntilNanos = from + (long) (bytes * (double) SECOND_NANOS / bytesPerSecond);
    return paidUntilNanos - now;
  }
}
