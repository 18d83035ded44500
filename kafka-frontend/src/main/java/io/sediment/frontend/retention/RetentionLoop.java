package io.sediment.frontend.retention;

import io.sediment.frontend.kafka.TopicConfigDefinitions;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.DropDeletedTopics;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RaiseLogStarts;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a retention pass at a fixed interval over all logs that this broker leads; one pass at a
 * time. A pass that fails is logged and the next one does its work.
 */
public final class RetentionLoop implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RetentionLoop.class);

  public static final long NO_BUDGET = RetentionLimits.NO_LIMIT;

  private final LaneId lane;
  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final TopicConfigs configs;
  private final LaneSpace space;
  private final Scheduler scheduler;
  private final InstantSource clock;
  private final Duration interval;
  private final long budgetBytes;
  private final Set<UUID> withoutBudget = ConcurrentHashMap.newKeySet(); // that were reported
  private volatile boolean closed;

  private RetentionLoop(
      LaneId lane,
      ClusterMetadata metadata,
      PartitionLogs logs,
      TopicConfigs configs,
      LaneSpace space,
      Scheduler scheduler,
      InstantSource clock,
      Duration interval,
      long budgetBytes) {
    this.lane = lane;
    this.metadata = metadata;
    this.logs = logs;
    this.configs = configs;
    this.space = space;
    this.scheduler = scheduler;
    this.clock = clock;
    this.interval = interval;
    this.budgetBytes = budgetBytes;
  }

  /**
   * Begins; the first pass comes after one interval.
   *
   * @param budgetBytes what all topics of the cluster may take together, {@link #NO_BUDGET} for no
   *     limit; a topic's share of it is what its config says
   */
  public static RetentionLoop start(
      LaneId lane,
      ClusterMetadata metadata,
      PartitionLogs logs,
      TopicConfigs configs,
      LaneSpace space,
      Scheduler scheduler,
      InstantSource clock,
      Duration interval,
      long budgetBytes) {
    RetentionLoop loop =
        new RetentionLoop(
            lane, metadata, logs, configs, space, scheduler, clock, interval, budgetBytes);
    loop.scheduleNext();
    return loop;
  }

  private void scheduleNext() {
    if (!closed) {
      scheduler.schedule(this::runAndScheduleNext, interval);
    }
  }

  private void runAndScheduleNext() {
    if (closed) {
      return;
    }
    pass()
        .whenComplete(
            (done, failure) -> {
              if (failure != null && !closed) {
                log.warn(
                    "retention pass failed, the next one will do its work: {}", failure.toString());
              }
              scheduleNext();
            });
  }

  /** One pass: raise log starts, then give bytes back. */
  CompletableFuture<Void> pass() {
    return CompletableFuture.completedFuture(null) // so that what throws fails the pass
        .thenCompose(begun -> newLogStarts())
        .thenCompose(
            raised ->
                raised.isEmpty()
                    ? CompletableFuture.completedFuture(null)
                    : metadata
                        .submit(new RaiseLogStarts(raised))
                        .thenApply(CommandResult::valueOrThrow))
        .thenCompose(raised -> reclaim());
  }

  /** Logs that cannot be looked at now stay as they are, and hold up no other. */
  private CompletableFuture<Map<PartitionId, Long>> newLogStarts() {
    MetadataImage image = metadata.image();
    long nowMs = clock.millis();
    Map<UUID, RetentionLimits> limitsByTopic = new HashMap<>();
    Map<PartitionId, Long> raised = new ConcurrentSkipListMap<>();
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    List<CompletableFuture<Void>> asked = new ArrayList<>();
    for (PartitionLog each : logs.all()) {
      Topic topic = image.topic(each.id().topicId());
      if (topic == null || !each.isOpen()) {
        continue;
      }
      PartitionId id = new PartitionId(topic.id(), each.id().partition());
      if (each.supersededBelow() > each.logStartOffset()) {
        raised.put(id, each.supersededBelow());
      }
      RetentionLimits limits =
          limitsByTopic.computeIfAbsent(topic.id(), any -> limits(image, topic));
      if (limits.keepsAll()) {
        continue;
      }
      asked.add(
          NewLogStart.of(each, limits, nowMs)
              .thenAccept(
                  next -> {
                    if (next > each.logStartOffset()) {
                      raised.merge(id, next, Math::max);
                    }
                  })
              .exceptionally(
                  failure -> {
                    failures.add(failure);
                    return null;
                  }));
    }
    return CompletableFuture.allOf(asked.toArray(CompletableFuture[]::new))
        .thenApply(
            done -> {
              if (!failures.isEmpty()) {
                log.warn(
                    "retention passed over {} of {} logs until the next pass: {}",
                    failures.size(),
                    asked.size(),
                    failures.element().toString());
              }
              return raised;
            });
  }

  private RetentionLimits limits(MetadataImage image, Topic topic) {
    Map<String, String> effective = configs.of(image, topic);
    if (budgetBytes == NO_BUDGET
        && RetentionLimits.percent(effective) >= 0
        && withoutBudget.add(topic.id())) {
      log.warn(
          "topic {} has {}={}, which means nothing while RETENTION_BUDGET is not set",
          topic.name(),
          TopicConfigDefinitions.RETENTION_BUDGET_PERCENT,
          effective.get(TopicConfigDefinitions.RETENTION_BUDGET_PERCENT));
    }
    return RetentionLimits.of(effective, topic.partitionCount(), budgetBytes);
  }

  private CompletableFuture<Void> reclaim() {
    MetadataImage image = metadata.image();
    Map<io.sediment.lsm.PartitionId, Long> logStarts = LogStarts.of(image);
    Set<UUID> deleted = LogStarts.deletedTopics(image, lane);
    return space
        .reclaim(logStarts, deleted)
        .thenCompose(
            gone ->
                gone.isEmpty()
                    ? CompletableFuture.completedFuture(null)
                    : metadata
                        .submit(new DropDeletedTopics(lane, List.copyOf(new TreeSet<>(gone))))
                        .thenApply(CommandResult::valueOrThrow)
                        .thenAccept(count -> {}));
  }

  @Override
  public void close() {
    closed = true;
  }
}
