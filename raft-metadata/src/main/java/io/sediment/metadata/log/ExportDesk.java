package io.sediment.metadata.log;

import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Where members ask the leader what the bucket holds. Thread-safe, never blocking. */
public final class ExportDesk {
  private final ExportedImages images;
  private final Scheduler scheduler;
  private final Duration patience;

  /**
   * @param patience after which who asks gets an answer in any case, so that it knows that somebody
   *     is there
   */
  public ExportDesk(ExportedImages images, Scheduler scheduler, Duration patience) {
    this.images = images;
    this.scheduler = scheduler;
    this.patience = patience;
  }

  /**
   * Completes with what the bucket holds once that is more than what is known up to {@code index}.
   */
  public CompletableFuture<Long> moreThan(long index) {
    CompletableFuture<Long> answer = images.exportedAfter(index);
    if (!answer.isDone()) {
      Scheduler.Cancellable end =
          scheduler.schedule(() -> answer.complete(images.exportedIndex()), patience);
      answer.whenComplete((exported, failure) -> end.cancel());
    }
    return answer;
  }
}
