package io.sediment.runtime;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Lets readers through one after the other while what they read stays below so many bytes a second
 * on average. A second's worth may be read at once after a pause.
 *
 * <p>A reader waits before it takes anything, be it memory, a file or a thread, and pays behind the
 * turnstile, where it knows how much it reads. So nobody pays for what is never read, and a wait
 * that is cancelled costs the others nothing. First come, first served. Thread-safe.
 */
public final class Turnstile {
  private static final long SECOND_NANOS = Duration.ofSeconds(1).toNanos();

  /** Always open. */
  public static final Turnstile OPEN =
      new Turnstile(
          new Scheduler() {
            @Override
            public void execute(Runnable task) {
              throw new IllegalStateException("nobody waits at an open turnstile");
            }

            @Override
            public Cancellable schedule(Runnable task, Duration delay) {
              throw new IllegalStateException("nobody waits at an open turnstile");
            }
          },
          () -> 0,
          0);

  private final Scheduler scheduler;
  private final Ticker ticker;
  private final long bytesPerSecond;
  private final Queue<CompletableFuture<Void>> waiting = new ArrayDeque<>(); // guarded by this
  private boolean isServed; // guarded by this: somebody will look at those who wait
  private long paidUntilNanos; // guarded by this
  private boolean begun; // guarded by this

  /**
   * @param bytesPerSecond 0 for no limit
   */
  public Turnstile(Scheduler scheduler, Ticker ticker, long bytesPerSecond) {
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.bytesPerSecond = bytesPerSecond;
  }

  /** Whether {@link #pass} would not wait. */
  public synchronized boolean isOpen() {
    return bytesPerSecond == 0 || (waiting.isEmpty() && debtNanos() <= 0);
  }

  /**
   * Completes when it is the caller's turn; what he does then at once, such as to {@link #pay}, is
   * done before the next one's turn.
   */
  public CompletableFuture<Void> pass() {
    synchronized (this) {
      if (isOpen()) {
        return CompletableFuture.completedFuture(null);
      }
      CompletableFuture<Void> turn = new CompletableFuture<>();
      waiting.add(turn);
      if (!isServed) {
        isServed = true;
        serveAfter(debtNanos());
      }
      return turn;
    }
  }

  /** So many bytes are being read. Never waits: those who come later do. */
  public synchronized void pay(long bytes) {
    if (bytesPerSecond > 0) {
      debtNanos(); // forgets what a longer pause would have allowed
      paidUntilNanos += (long) (bytes * (double) SECOND_NANOS / bytesPerSecond);
    }
  }

  private void serveAfter(long nanos) {
    scheduler.schedule(this::serve, Duration.ofNanos(Math.max(0, nanos)));
  }

  private void serve() {
    for (CompletableFuture<Void> turn = next(); turn != null; turn = next()) {
      turn.complete(null);
    }
  }

  private synchronized @Nullable CompletableFuture<Void> next() {
    long debtNanos = debtNanos();
    if (waiting.isEmpty()) {
      isServed = false;
      return null;
    }
    if (debtNanos > 0) {
      serveAfter(debtNanos);
      return null;
    }
    return waiting.remove();
  }

  /** Until everything is paid; negative for what may be read at once. Caller holds the lock. */
  private long debtNanos() {
    long now = ticker.nanoTime();
    if (!begun || paidUntilNanos - now < -SECOND_NANOS) {
      paidUntilNanos = now - SECOND_NANOS;
      begun = true;
    }
    return paidUntilNanos - now;
  }
}
