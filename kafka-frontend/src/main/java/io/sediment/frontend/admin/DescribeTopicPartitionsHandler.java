package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.ReplicaView;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Topic;
import java.util.Collection;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.TopicRequest;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponsePartition;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData.DescribeTopicPartitionsResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Describes topics page by page, in order of name (KIP-966). */
public final class DescribeTopicPartitionsHandler
    implements ApiHandler<DescribeTopicPartitionsRequestData, DescribeTopicPartitionsResponseData> {
  private static final int PARTITIONS_PER_PAGE_MAX = 2000;

  private final ClusterMetadata metadata;
  private final ReplicaView replicas;

  public DescribeTopicPartitionsHandler(ClusterMetadata metadata, ReplicaView replicas) {
    this.metadata = metadata;
    this.replicas = replicas;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.DESCRIBE_TOPIC_PARTITIONS;
  }

  @Override
  public CompletableFuture<DescribeTopicPartitionsResponseData> handle(
      RequestContext context, DescribeTopicPartitionsRequestData request) {
    MetadataImage image = metadata.image();
    int firstPartition = 0;
    SortedSet<String> names = names(request, image.topicIds().keySet());
    if (request.cursor() != null) {
      String first = request.cursor().topicName();
      firstPartition = names.contains(first) ? request.cursor().partitionIndex() : 0;
      names = names.tailSet(first);
      if (firstPartition < 0) {
        throw new InvalidRequestException(
            "Cursor with a negative partition index: " + firstPartition);
      }
    }
    int left = Math.min(Math.max(1, request.responsePartitionLimit()), PARTITIONS_PER_PAGE_MAX);
    DescribeTopicPartitionsResponseData response = new DescribeTopicPartitionsResponseData();
    for (String name : names) {
      if (left == 0) {
        response.setNextCursor(new Cursor().setTopicName(name).setPartitionIndex(0));
        break;
      }
      Topic topic = image.topic(name);
      DescribeTopicPartitionsResponseTopic described = described(name, topic);
      response.topics().add(described);
      if (topic == null) {
        continue;
      }
      int begin = Math.min(topic.partitionCount(), firstPartition);
      int end = Math.min(topic.partitionCount(), begin + left);
      for (int i = begin; i < end; i++) {
        described.partitions().add(described(i, topic, image));
        left--;
      }
      if (end < topic.partitionCount()) {
        response.setNextCursor(new Cursor().setTopicName(name).setPartitionIndex(end));
        break;
      }
      firstPartition = 0;
    }
    return CompletableFuture.completedFuture(response);
  }

  private static SortedSet<String> names(
      DescribeTopicPartitionsRequestData request, Collection<String> all) {
    return new TreeSet<>(
        request.topics().isEmpty()
            ? all
            : request.topics().stream().map(TopicRequest::name).collect(Collectors.toSet()));
  }

  private static DescribeTopicPartitionsResponseTopic described(
      String name, @Nullable Topic topic) {
    DescribeTopicPartitionsResponseTopic described =
        new DescribeTopicPartitionsResponseTopic().setName(name);
    if (topic == null) {
      boolean legal = org.apache.kafka.common.internals.Topic.isValid(name);
      return described.setErrorCode(
          (legal ? Errors.UNKNOWN_TOPIC_OR_PARTITION : Errors.INVALID_TOPIC_EXCEPTION).code());
    }
    return described
        .setTopicId(
            new Uuid(topic.id().getMostSignificantBits(), topic.id().getLeastSignificantBits()))
        .setIsInternal(org.apache.kafka.common.internals.Topic.isInternal(name));
  }

  private DescribeTopicPartitionsResponsePartition described(
      int index, Topic topic, MetadataImage image) {
    Partition partition = topic.partitions().get(index);
    int leader = image.leaderOf(partition);
    List<Integer> nodes = replicas.replicasOf(image, topic, index);
    return new DescribeTopicPartitionsResponsePartition()
        .setPartitionIndex(index)
        .setErrorCode(
            (leader == MetadataImage.NO_LEADER ? Errors.LEADER_NOT_AVAILABLE : Errors.NONE).code())
        .setLeaderId(leader)
        .setLeaderEpoch(partition.leaderEpoch())
        .setReplicaNodes(nodes)
        .setIsrNodes(nodes)
        .setEligibleLeaderReplicas(List.of()) // null is legal and makes Kafka's admin client fail
        .setLastKnownElr(List.of());
  }
}
