package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestPartition;
import org.apache.kafka.common.message.OffsetDeleteRequestData.OffsetDeleteRequestTopic;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetDeleteResponse;

/** Forgets committed offsets of partitions that the group does not read. */
final class OffsetDeleteHandler
    implements ApiHandler<OffsetDeleteRequestData, OffsetDeleteResponseData> {
  private final ClusterMetadata metadata;
  private final GroupCoordinators coordinators;

  OffsetDeleteHandler(ClusterMetadata metadata, GroupCoordinators coordinators) {
    this.metadata = metadata;
    this.coordinators = coordinators;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.OFFSET_DELETE;
  }

  @Override
  public CompletableFuture<OffsetDeleteResponseData> handle(
      RequestContext context, OffsetDeleteRequestData request) {
    MetadataImage image = metadata.image();
    OffsetDeleteResponse.Builder response = new OffsetDeleteResponse.Builder();
    OffsetDeleteRequestData passed = new OffsetDeleteRequestData().setGroupId(request.groupId());
    for (OffsetDeleteRequestTopic asked : request.topics()) {
      Topic topic = image.topic(asked.name());
      OffsetDeleteRequestTopic known = new OffsetDeleteRequestTopic().setName(asked.name());
      for (OffsetDeleteRequestPartition partition : asked.partitions()) {
        if (topic != null && topic.partition(partition.partitionIndex()) != null) {
          known.partitions().add(partition);
        } else {
          response.addPartition(
              asked.name(), partition.partitionIndex(), Errors.UNKNOWN_TOPIC_OR_PARTITION);
        }
      }
      if (!known.partitions().isEmpty()) {
        passed.topics().add(known);
      }
    }
    return coordinators
        .groups()
        .deleteOffsets(context, passed)
        .thenApply(deleted -> response.merge(deleted).build().data());
  }
}
