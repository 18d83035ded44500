package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.gc.GarbageCollector;
import io.sediment.lsm.gc.GarbageResult;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs garbage collection after commits, and until it has seen everything: an idle lane soon lists
 * nothing any more. Thread-safe.
 */
final class LaneGarbage {
  private static final Logger log = LoggerFactory.getLogger(LaneGarbage.class);

  private final LaneId lane;
  private final GarbageCollector collector;
  private final Scheduler scheduler;
  private final Duration interval;
  private boolean isDue; // guarded by this: a pass is scheduled or under way
  private boolean stopped; // guarded by this
  private Scheduler.@Nullable Cancellable timer; // guarded by this

  LaneGarbage(LaneId lane, GarbageCollector collector, Scheduler scheduler, Duration interval) {
    this.lane = lane;
    this.collector = collector;
    this.scheduler = scheduler;
    this.interval = interval;
  }

  /** Something may have become garbage. */
  synchronized void onCommit() {
    if (!isDue && !stopped) {
      isDue = true;
      timer = scheduler.schedule(this::pass, interval);
    }
  }

  private void pass() {
    synchronized (this) {
      if (stopped) {
        return;
      }
    }
    collector.pass().whenComplete(this::afterPass);
  }

  private void afterPass(@Nullable GarbageResult result, @Nullable Throwable failure) {
    if (failure != null) {
      log.warn("garbage pass failed, the next one goes on: lane={} {}", lane, failure.toString());
    } else if (result != null && result.deleted() > 0) {
      log.info(
          "collected: lane={} deleted={} bytes={}", lane, result.deleted(), result.deletedBytes());
    }
    boolean again;
    synchronized (this) {
      isDue = false;
      again = failure != null || !collector.isDone();
    }
    if (again) {
      onCommit();
    }
  }

  synchronized void stop() {
    stopped = true;
    if (timer != null) {
      timer.cancel();
    }
  }
}
