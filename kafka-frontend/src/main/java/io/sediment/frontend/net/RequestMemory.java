package io.sediment.frontend.net;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts the request bytes of all connections that have arrived and are not consumed. It never
 * refuses bytes that are here already; while it is over its limit, connections that brought more
 * stop reading and are woken when it is below again. Thread-safe.
 */
final class RequestMemory {
  private final long limitBytes;
  private final AtomicLong usedBytes = new AtomicLong();
  private final Queue<Runnable> waiting = new ArrayDeque<>(); // guarded by itself

  RequestMemory(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  /** Charges bytes that have arrived; false asks the caller to stop reading. */
  boolean charge(int bytes) {
    return usedBytes.addAndGet(bytes) <= limitBytes;
  }

  void release(int bytes) {
    long before = usedBytes.getAndAdd(-bytes);
    if (before < bytes) {
      throw new IllegalStateException("request memory: released " + bytes + " of " + before);
    }
    if (before > limitBytes && before - bytes <= limitBytes) {
      wake();
    }
  }

  /** Runs {@code task}, which must be short, once the use is below the limit; maybe at once. */
  void whenBelowLimit(Runnable task) {
    synchronized (waiting) {
      waiting.add(task);
    }
    if (usedBytes.get() <= limitBytes) {
      wake();
    }
  }

  private void wake() {
    Runnable[] awake;
    synchronized (waiting) {
      awake = waiting.toArray(Runnable[]::new);
      waiting.clear();
    }
    for (Runnable task : awake) {
      task.run();
    }
  }

  long usedBytes() {
    return usedBytes.get();
  }
}
