package io.sediment.frontend.coordinator;

import io.sediment.frontend.partition.PartitionLog;

/** What is told where its state lies. One call at a time; may take its time, must not wait. */
public interface Coordinator {
  /** The state in {@code log} is this broker's to load and to write from now on. */
  void onElection(PartitionLog log);

  /** It no longer is; what was appended and is not durable may never be. */
  void onResignation(PartitionLog log);
}
