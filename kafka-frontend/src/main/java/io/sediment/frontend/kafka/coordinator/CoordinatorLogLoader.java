package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.partition.PartitionLog;
import io.sediment.runtime.Scheduler;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader;
import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;
import org.apache.kafka.coordinator.common.runtime.Deserializer;

/**
 * Brings a coordinator's state into memory by replaying its log in offset order.
 *
 * <p>A load that has been given up never completes, in neither way: the runtime would take its end
 * for that of the load that follows, and serve an empty state as a loaded one.
 */
final class CoordinatorLogLoader<T> implements CoordinatorLoader<T> {
  private final CoordinatorLogs logs;
  private final Deserializer<T> deserializer;
  private final Executor executor;
  private final Scheduler scheduler;
  private final InstantSource clock;
  private final LogReplay.Outcome outcome;
  private final Map<Integer, LogReplay<T>> underWay = new ConcurrentHashMap<>();

  /**
   * @param executor for the work between two reads; does not wait
   */
  CoordinatorLogLoader(
      CoordinatorLogs logs,
      Deserializer<T> deserializer,
      Executor executor,
      Scheduler scheduler,
      InstantSource clock,
      LogReplay.Outcome outcome) {
    this.logs = logs;
    this.deserializer = deserializer;
    this.executor = executor;
    this.scheduler = scheduler;
    this.clock = clock;
    this.outcome = outcome;
  }

  @Override
  public CompletableFuture<LoadSummary> load(
      TopicPartition partition, CoordinatorPlayback<T> playback) {
    PartitionLog log = logs.load(partition.partition());
    if (log == null) {
      return new CompletableFuture<>(); // given up before it began
    }
    LogReplay<T> replay =
        new LogReplay<>(log, playback, deserializer, executor, scheduler, clock, outcome);
    LogReplay<T> before = underWay.put(partition.partition(), replay);
    if (before != null) {
      before.giveUp();
    }
    if (!logs.isElected(log)) { // resigned before giveUp could know of it
      underWay.remove(partition.partition(), replay);
      return new CompletableFuture<>();
    }
    return new Load(
        load ->
            replay
                .start()
                .whenComplete(
                    (summary, failure) -> {
                      underWay.remove(partition.partition(), replay);
                      if (failure == null) {
                        outcome.loaded(log, summary);
                        load.complete(summary);
                      } else {
                        outcome.failed(log, failure);
                        load.completeExceptionally(failure);
                      }
                    }));
  }

  /**
   * Begins when the runtime has said what is to be done at the end. That is done by whoever
   * completes it, then, so that giving it up either keeps it from completing or comes after the
   * runtime was told. Had it completed before, the runtime would be told whenever it gets to
   * listening, perhaps behind the next election.
   */
  private static final class Load extends CompletableFuture<LoadSummary> {
    private final Consumer<Load> begin;

    Load(Consumer<Load> begin) {
      this.begin = begin;
    }

    @Override
    public CompletableFuture<LoadSummary> whenComplete(
        BiConsumer<? super LoadSummary, ? super Throwable> action) {
      CompletableFuture<LoadSummary> told = super.whenComplete(action);
      begin.accept(this);
      return told;
    }
  }

  /** No load of this partition that began before completes after this returns. */
  void giveUp(int partition) {
    LogReplay<T> replay = underWay.remove(partition);
    if (replay != null) {
      replay.giveUp();
    }
  }

  @Override
  public void close() {
    underWay.values().forEach(LogReplay::giveUp);
  }
}
