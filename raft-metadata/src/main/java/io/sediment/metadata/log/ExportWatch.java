package io.sediment.metadata.log;

import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;

/**
 * Learns at once what the bucket holds: asks the leader, which {@link ExportDesk answers} when that
 * has become more, and then asks again. It is no entry of the log, which a majority would have to
 * write to their disks, and each member to hear once more that it did. Thread-safe.
 */
public final class ExportWatch implements AutoCloseable {
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final ExportedImages images;
  private final LongFunction<CompletableFuture<Long>> ask;
  private final Scheduler scheduler;

  /** Grows whenever whoever was asked before is not waited for any more. Guarded by this. */
  private long round;

  private boolean closed; // guarded by this

  /**
   * @param ask asks the leader up to which index the bucket holds everything, once that is above
   *     the argument; answers with less where nothing comes for a while
   */
  public ExportWatch(
      ExportedImages images, LongFunction<CompletableFuture<Long>> ask, Scheduler scheduler) {
    this.images = images;
    this.ask = ask;
    this.scheduler = scheduler;
  }

  /** Another member leads now. One that led before may never answer. */
  public void follow() {
    long next = nextRound();
    scheduler.execute(() -> ask(next));
  }

  /** This member leads now, and knows what it exports. */
  public void lead() {
    nextRound();
  }

  private synchronized long nextRound() {
    return ++round;
  }

  private void ask(long asked) {
    synchronized (this) {
      if (closed || asked != round) {
        return;
      }
    }
    CompletableFuture<Long> answer;
    try {
      answer = ask.apply(images.exportedIndex());
    } catch (RuntimeException e) {
      answer = CompletableFuture.failedFuture(e);
    }
    answer.whenComplete(
        (index, failure) -> {
          if (failure == null) {
            scheduler.execute(() -> told(index, asked));
          } else {
            scheduler.schedule(() -> ask(asked), PAUSE); // there may be another leader by then
          }
        });
  }

  private void told(long index, long asked) {
    images.exportedUpTo(index); // true whoever says so
    ask(asked);
  }

  @Override
  public synchronized void close() {
    closed = true;
  }
}
