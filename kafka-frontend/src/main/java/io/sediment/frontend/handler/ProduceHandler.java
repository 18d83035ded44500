package io.sediment.frontend.handler;

import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Appends batches to the partitions this broker leads. One request is one {@link ProduceAttempt}.
 */
final class ProduceHandler implements ApiHandler<ProduceRequestData, ProduceResponseData> {
  private static final short FIRST_VERSION_WITH_IDS = 13;

  /** Produce requests do not say which leader epoch they believe in. */
  private static final int ANY_EPOCH = -1;

  /** So long a request may wait for this broker to hear that it leads. */
  private static final Duration ARRIVAL_MAX = Duration.ofMillis(500);

  private static final Duration ARRIVAL_PAUSE = Duration.ofMillis(5);

  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final ProduceAttempt.Tools tools;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final VainWaits vainWaits = new VainWaits();

  ProduceHandler(
      ClusterMetadata metadata,
      PartitionLogs logs,
      BatchPreparer preparer,
      Executor workers,
      Scheduler scheduler,
      Ticker ticker,
      InstantSource clock,
      IntSupplier throttleMs) {
    this.metadata = metadata;
    this.logs = logs;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.tools =
        new ProduceAttempt.Tools(
            preparer, workers, scheduler, ticker, clock, throttleMs, logs::whereIs);
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.PRODUCE;
  }

  @Override
  public CompletableFuture<ProduceResponseData> handle(
      RequestContext context, ProduceRequestData request) {
    MetadataImage image = metadata.image();
    if (awaited(context, request, image).isEmpty()) {
      return attempt(context, request).start();
    }
    CompletableFuture<Void> appended = new CompletableFuture<>();
    context.holdUntil(appended);
    CompletableFuture<ProduceResponseData> answered = new CompletableFuture<>();
    awaitArrival(context, request, image.version(), ticker.nanoTime() + ARRIVAL_MAX.toNanos())
        .thenCompose(
            arrived -> {
              ProduceAttempt attempt = attempt(context, request);
              attempt.appended().whenComplete((done, failure) -> appended.complete(null));
              return attempt.start();
            })
        .whenComplete(
            (response, failure) -> {
              if (failure == null) {
                answered.complete(response);
              } else {
                appended.complete(null);
                answered.completeExceptionally(failure);
              }
            });
    return answered;
  }

  /**
   * Those for which its client may have been sent here by the last leader before we know that we
   * lead, unless that was waited for in vain already.
   */
  private List<PartitionId> awaited(
      RequestContext context, ProduceRequestData request, MetadataImage image) {
    List<PartitionId> awaited = List.of(); // of nearly every request
    for (TopicProduceData topicData : request.topicData()) {
      Topic topic = topic(context, topicData, image);
      if (topic != null) {
        for (PartitionProduceData partition : topicData.partitionData()) {
          if (logs.mayArrive(topic.id(), partition.index())) {
            PartitionId id = new PartitionId(topic.id(), partition.index());
            if (!vainWaits.isNoted(id, image.version())) {
              if (awaited.isEmpty()) {
                awaited = new ArrayList<>();
              }
              awaited.add(id);
            }
          }
        }
      }
    }
    return awaited;
  }

  /**
   * Completes on the network thread.
   *
   * @param version of the metadata under which the wait began
   */
  private CompletableFuture<Void> awaitArrival(
      RequestContext context, ProduceRequestData request, long version, long untilNanos) {
    CompletableFuture<Void> pause = new CompletableFuture<>();
    scheduler.schedule(
        () -> context.networkThread().execute(() -> pause.complete(null)), ARRIVAL_PAUSE);
    return pause.thenCompose(
        waited -> {
          MetadataImage image = metadata.image();
          List<PartitionId> awaited = awaited(context, request, image);
          if (!awaited.isEmpty() && ticker.nanoTime() - untilNanos < 0) {
            return awaitArrival(context, request, version, untilNanos);
          }
          if (image.version() == version) {
            awaited.forEach(id -> noteVainWait(id, version));
          }
          return pause;
        });
  }

  /** Of a log that is being opened here no newer metadata would tell that it is open. */
  private void noteVainWait(PartitionId id, long version) {
    if (!logs.isOpening(id.topicId(), id.partition())) {
      vainWaits.note(id, version);
    }
  }

  private static @Nullable Topic topic(
      RequestContext context, TopicProduceData topicData, MetadataImage image) {
    return context.apiVersion() >= FIRST_VERSION_WITH_IDS
        ? image.topic(TopicIds.ours(topicData.topicId()))
        : image.topic(topicData.name());
  }

  private ProduceAttempt attempt(RequestContext context, ProduceRequestData request) {
    boolean byId = context.apiVersion() >= FIRST_VERSION_WITH_IDS;
    MetadataImage image = metadata.image();
    ProduceAttempt attempt = new ProduceAttempt(tools, context, request);
    for (TopicProduceData topicData : request.topicData()) {
      Topic topic = topic(context, topicData, image);
      Errors unknown = byId ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
      attempt.addTopic(
          topicData,
          topic == null
              ? partition -> LookUp.Missing.of(unknown)
              : partition -> find(topic, partition, image, byId));
    }
    return attempt;
  }

  private LookUp find(Topic topic, int partition, MetadataImage image, boolean byId) {
    if (org.apache.kafka.common.internals.Topic.isInternal(topic.name())) {
      return LookUp.Missing.of(Errors.INVALID_TOPIC_EXCEPTION); // coordinators write those
    }
    LookUp found =
        byId
            ? logs.find(topic.id(), partition, ANY_EPOCH)
            : logs.find(image, topic.name(), partition, ANY_EPOCH);
    // Whoever was sent here knows more than we do, and may take being sent back, which is older
    // news to it, for a reason to try again at once.
    return found instanceof LookUp.Missing missing && logs.mayArrive(topic.id(), partition)
        ? LookUp.Missing.of(missing.error())
        : found;
  }
}
