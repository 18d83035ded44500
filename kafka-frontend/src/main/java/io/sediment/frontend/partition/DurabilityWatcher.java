package io.sediment.frontend.partition;

/**
 * Somebody who waits for records of partitions. Called on the lane's threads without any lock held;
 * must be quick.
 */
public interface DurabilityWatcher {
  /** {@code bytes} more became readable in {@code log}. */
  void onReadable(ReadableLog log, long bytes);

  /** Something else than readable records changed: log start, or the log is closed. */
  void onChanged(ReadableLog log);
}
