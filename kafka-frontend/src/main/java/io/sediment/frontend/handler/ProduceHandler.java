package io.sediment.frontend.handler;

import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Scheduler;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Appends batches to the partitions this broker leads. One request is one {@link ProduceAttempt}.
 */
final class ProduceHandler implements ApiHandler<ProduceRequestData, ProduceResponseData> {
  private static final short FIRST_VERSION_WITH_IDS = 13;

  /** Produce requests do not say which leader epoch they believe in. */
  private static final int ANY_EPOCH = -1;

  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final ProduceAttempt.Tools tools;

  ProduceHandler(
      ClusterMetadata metadata,
      PartitionLogs logs,
      BatchPreparer preparer,
      Executor workers,
      Scheduler scheduler,
      InstantSource clock,
      IntSupplier throttleMs) {
    this.metadata = metadata;
    this.logs = logs;
    this.tools = new ProduceAttempt.Tools(preparer, workers, scheduler, clock, throttleMs);
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.PRODUCE;
  }

  @Override
  public CompletableFuture<ProduceResponseData> handle(
      RequestContext context, ProduceRequestData request) {
    boolean byId = context.apiVersion() >= FIRST_VERSION_WITH_IDS;
    MetadataImage image = metadata.image();
    ProduceAttempt attempt = new ProduceAttempt(tools, context, request);
    for (TopicProduceData topicData : request.topicData()) {
      Topic topic =
          byId ? image.topic(TopicIds.ours(topicData.topicId())) : image.topic(topicData.name());
      Errors unknown = byId ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
      attempt.addTopic(
          topicData,
          topic == null
              ? partition -> LookUp.Missing.of(unknown)
              : partition -> find(topic, partition, image, byId));
    }
    return attempt.start();
  }

  private LookUp find(Topic topic, int partition, MetadataImage image, boolean byId) {
    if (org.apache.kafka.common.internals.Topic.isInternal(topic.name())) {
      return LookUp.Missing.of(Errors.INVALID_TOPIC_EXCEPTION); // coordinators write those
    }
    return byId
        ? logs.find(topic.id(), partition, ANY_EPOCH)
        : logs.find(image, topic.name(), partition, ANY_EPOCH);
  }
}
