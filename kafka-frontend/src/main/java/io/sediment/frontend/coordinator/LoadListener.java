package io.sediment.frontend.coordinator;

import io.sediment.frontend.partition.PartitionLog;

/** Hears how a coordinator fares with loading what it was elected for. Any thread; quick. */
public interface LoadListener {
  /** The state of {@code log} is in memory. */
  void loadSucceeded(PartitionLog log);

  /** It is not, and without another election it never will be. */
  void loadFailed(PartitionLog log, Throwable cause);
}
