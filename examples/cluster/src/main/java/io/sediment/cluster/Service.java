package io.sediment.cluster;

import org.jspecify.annotations.Nullable;

/** What a process of ours does until it is stopped. */
interface Service extends AutoCloseable {
  /** Blocks until it is closed (null) or cannot go on (why). */
  @Nullable Throwable awaitEnd();

  /** Finishes what is under way and lets go. Idempotent. */
  @Override
  void close();
}
