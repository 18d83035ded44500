package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.partition.PartitionLog;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The logs of one coordinator topic: those this broker was elected for, and of those the ones whose
 * state is in memory. Writes go to the latter, so that a state that was loaded from one leadership
 * is never written under the next: the runtime drops the one before it loads the other. Any thread.
 */
final class CoordinatorLogs {
  private final Map<Integer, PartitionLog> elected = new ConcurrentHashMap<>();
  private final Map<Integer, PartitionLog> inMemory = new ConcurrentHashMap<>();
  private final Map<Integer, Queue<PartitionLog>> toLoad = new ConcurrentHashMap<>();

  /** The runtime is told next, and will ask for the log to load: once for each election. */
  void elect(PartitionLog log) {
    int partition = log.id().partition();
    toLoad.computeIfAbsent(partition, none -> new ConcurrentLinkedQueue<>()).add(log);
    elected.put(partition, log);
  }

  void resign(PartitionLog log) {
    elected.remove(log.id().partition(), log);
  }

  boolean isElected(int partition) {
    return elected.containsKey(partition);
  }

  boolean isElected(PartitionLog log) {
    return elected.get(log.id().partition()) == log;
  }

  /**
   * The log to load now, and to write to from now on. The runtime carries out elections in their
   * order and late: null when the log of this one has been resigned, whatever was elected since. A
   * load without an election is of what is in memory.
   */
  @Nullable PartitionLog load(int partition) {
    Queue<PartitionLog> queue = toLoad.get(partition);
    PartitionLog next = queue == null ? null : queue.poll();
    PartitionLog log = next == null ? inMemory.get(partition) : next;
    if (log == null || !isElected(log)) {
      return null;
    }
    inMemory.put(partition, log);
    return log;
  }

  /** The log that the state in memory was loaded from. */
  @Nullable PartitionLog loaded(int partition) {
    return inMemory.get(partition);
  }

  /**
   * Whether what is in memory was loaded from {@code log} and nobody else can have gone on from
   * there: a leadership elsewhere begins after its log here has been handed over or has closed. To
   * be asked once there is an answer from memory, of the log that was loaded before it was asked
   * for.
   */
  boolean isNewest(int partition, @Nullable PartitionLog log) {
    return log != null && log == inMemory.get(partition) && !log.mayHaveSuccessor();
  }
}
