package io.sediment.frontend.partition;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;

/**
 * Reads the producers of partitions that have come here from other leaders before they are asked
 * for. One partition after the other and between whatever else there is to do, since hundreds come
 * at once and a few are produced to: who does that meanwhile has those of its partition read at
 * once ({@link PartitionLog#producersLoaded}). Thread-safe, never blocking.
 */
public final class ProducersAhead {
  private final Executor executor;
  private final ArrayDeque<PartitionLog> waiting = new ArrayDeque<>(); // guarded by this
  private boolean busy; // guarded by this

  private ProducersAhead(Executor executor) {
    this.executor = executor;
  }

  /** For as long as the broker lives. */
  public static void start(PartitionLogs logs, Executor executor) {
    logs.whenOpened(new ProducersAhead(executor)::onOpened);
  }

  private void onOpened(PartitionLog opened) {
    if (!opened.isNewToLane()) {
      return;
    }
    synchronized (this) {
      waiting.add(opened);
      if (busy) {
        return;
      }
      busy = true;
    }
    executor.execute(this::readNext);
  }

  private void readNext() {
    PartitionLog next;
    synchronized (this) {
      do {
        next = waiting.poll();
      } while (next != null && !next.isOpen());
      busy = next != null;
    }
    if (next != null) {
      // One that cannot be read now is read when it is asked for.
      next.producersLoaded().whenComplete((read, failure) -> executor.execute(this::readNext));
    }
  }
}
