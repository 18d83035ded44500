package io.sediment.compactor;

import io.sediment.lsm.manifest.CompactorFencedException;
import io.sediment.lsm.manifest.StaleSourcesException;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a lane's compactor take turns: at once while there is something to do, else after a pause. A
 * lane at rest costs no request. An attempt that fails is logged and made good by a later one.
 */
public final class CompactorLoop implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CompactorLoop.class);

  private final LaneCompactor compactor;
  private final Scheduler scheduler;
  private final Duration interval;
  private final Consumer<CompactionResult> listener;
  private volatile boolean closed;

  /**
   * @param interval from a turn with nothing to do, or one that failed, to the next
   * @param listener told of each compaction that was committed
   */
  public CompactorLoop(
      LaneCompactor compactor,
      Scheduler scheduler,
      Duration interval,
      Consumer<CompactionResult> listener) {
    this.compactor = compactor;
    this.scheduler = scheduler;
    this.interval = interval;
    this.listener = listener;
  }

  /** Call once. */
  public void start() {
    scheduler.schedule(this::turn, interval);
  }

  /** No turn begins any more; one under way may still commit, which does no harm. */
  @Override
  public void close() {
    closed = true;
  }

  private void turn() {
    if (closed) {
      return;
    }
    compactor
        .turn()
        .whenComplete(
            (result, failure) -> {
              if (failure != null) {
                report(failure);
              }
              Optional<CompactionResult> done = failure == null ? result : Optional.empty();
              done.ifPresent(listener);
              if (!closed) {
                scheduler.schedule(this::turn, done.isPresent() ? Duration.ZERO : interval);
              }
            });
  }

  private static void report(Throwable failure) {
    Throwable cause = Failures.causeOf(failure);
    if (cause instanceof StaleSourcesException || cause instanceof CompactorFencedException) {
      log.info("compaction given up: {}", cause.getMessage());
    } else if (cause instanceof IllegalStateException) {
      log.error("compaction refused, its sources stay", cause);
    } else {
      log.warn("compaction failed, to be tried again: {}", cause.toString());
    }
  }
}
