package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.partition.PartitionLog;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The logs of one coordinator topic: those this broker was elected for, and of those the ones whose
 * state is in memory. Writes go to the latter, so that a state that was loaded from one leadership
 * is never written under the next: the runtime drops the one before it loads the other. Any thread.
 */
final class CoordinatorLogs {
  private final Map<Integer, PartitionLog> elected = new ConcurrentHashMap<>();
  private final Map<Integer, PartitionLog> inMemory = new ConcurrentHashMap<>();

  void elect(PartitionLog log) {
    elected.put(log.id().partition(), log);
  }

  void resign(PartitionLog log) {
    elected.remove(log.id().partition(), log);
  }

  /** The log to load now; from now on writes of its partition go there. */
  @Nullable PartitionLog load(int partition) {
    PartitionLog log = elected.get(partition);
    if (log != null) {
      inMemory.put(partition, log);
    }
    return log;
  }

  /** The log that the state in memory was loaded from. */
  @Nullable PartitionLog loaded(int partition) {
    return inMemory.get(partition);
  }
}
