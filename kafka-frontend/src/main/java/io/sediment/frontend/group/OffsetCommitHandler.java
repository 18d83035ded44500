package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.handler.TopicIds;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetCommitResponse;

/**
 * Commits offsets of partitions that exist; the others are answered one by one. The response leaves
 * when the commits are durable.
 */
final class OffsetCommitHandler
    implements ApiHandler<OffsetCommitRequestData, OffsetCommitResponseData> {
  private final ClusterMetadata metadata;
  private final GroupCoordinators coordinators;

  OffsetCommitHandler(ClusterMetadata metadata, GroupCoordinators coordinators) {
    this.metadata = metadata;
    this.coordinators = coordinators;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.OFFSET_COMMIT;
  }

  @Override
  public CompletableFuture<OffsetCommitResponseData> handle(
      RequestContext context, OffsetCommitRequestData request) {
    boolean byId = OffsetCommitResponse.useTopicIds(context.apiVersion());
    MetadataImage image = metadata.image();
    OffsetCommitResponse.Builder response = OffsetCommitResponse.newBuilder(byId);
    List<OffsetCommitRequestTopic> known = new ArrayList<>();
    for (OffsetCommitRequestTopic asked : request.topics()) {
      Topic topic = byId ? image.topic(TopicIds.ours(asked.topicId())) : image.topic(asked.name());
      if (topic == null) {
        response.addPartitions(
            asked.topicId(),
            asked.name(),
            asked.partitions(),
            OffsetCommitRequestPartition::partitionIndex,
            byId ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION);
      } else {
        addKnown(known, asked, topic, response);
      }
    }
    if (known.isEmpty()) {
      return CompletableFuture.completedFuture(response.build().data());
    }
    OffsetCommitRequestData passed =
        new OffsetCommitRequestData()
            .setGroupId(request.groupId())
            .setMemberId(request.memberId())
            .setGenerationIdOrMemberEpoch(request.generationIdOrMemberEpoch())
            .setRetentionTimeMs(request.retentionTimeMs())
            .setGroupInstanceId(request.groupInstanceId())
            .setTopics(known);
    return coordinators
        .groups()
        .commit(context, passed)
        .thenApply(committed -> response.merge(committed).build().data());
  }

  private static void addKnown(
      List<OffsetCommitRequestTopic> known,
      OffsetCommitRequestTopic asked,
      Topic topic,
      OffsetCommitResponse.Builder response) {
    OffsetCommitRequestTopic passed =
        new OffsetCommitRequestTopic()
            .setTopicId(TopicIds.kafkas(topic.id()))
            .setName(topic.name());
    for (OffsetCommitRequestPartition partition : asked.partitions()) {
      if (topic.partition(partition.partitionIndex()) != null) {
        passed.partitions().add(partition);
      } else {
        response.addPartition(
            asked.topicId(),
            topic.name(),
            partition.partitionIndex(),
            Errors.UNKNOWN_TOPIC_OR_PARTITION);
      }
    }
    if (!passed.partitions().isEmpty()) {
      known.add(passed);
    }
  }
}
