package io.sediment.lsm.gc;

import io.sediment.runtime.Scheduler;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a collector pass again and again while there is something to look for; a lane at rest costs
 * no request. A pass that fails is logged and made good by the next.
 */
public final class GarbageLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(GarbageLoop.class);

  private final GarbageCollector collector;
  private final Scheduler scheduler;
  private final Duration period;
  private volatile boolean closed;

  /**
   * @param period from the end of one pass to the beginning of the next
   */
  public GarbageLoop(GarbageCollector collector, Scheduler scheduler, Duration period) {
    this.collector = collector;
    this.scheduler = scheduler;
    this.period = period;
  }

  /** Call once, when the lane is open. */
  public void start() {
    scheduler.schedule(this::turn, period);
  }

  /** No pass begins any more; one in progress runs to its end, which does no harm. */
  @Override
  public void close() {
    closed = true;
  }

  private void turn() {
    if (closed) {
      return;
    }
    if (collector.isDone()) {
      start();
      return;
    }
    collector
        .pass()
        .whenComplete(
            (result, failure) -> {
              if (failure != null) {
                LOG.warn("garbage pass failed, the next one goes on: {}", failure.toString());
              } else if (result.deleted() > 0) {
                LOG.info(
                    "garbage pass: listed={} deleted={} deletedBytes={}",
                    result.listed(),
                    result.deleted(),
                    result.deletedBytes());
              }
              start();
            });
  }
}
