package io.sediment.runtime;

/**
 * A monotonic clock. Only differences mean anything, and only within one process; every duration
 * and lease is measured with this, never with the wall clock ({@link java.time.InstantSource}).
 */
@FunctionalInterface
public interface Ticker {
  /** Nanoseconds since an arbitrary origin. */
  long nanoTime();
}
