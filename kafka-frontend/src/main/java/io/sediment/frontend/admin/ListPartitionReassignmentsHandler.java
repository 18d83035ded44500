package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.ReplicaView;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferredLeader;
import io.sediment.metadata.Topic;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.ListPartitionReassignmentsRequestData.ListPartitionReassignmentsTopics;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingPartitionReassignment;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData.OngoingTopicReassignment;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/** Tells which partitions are led by another broker than they shall be, and are to be moved. */
final class ListPartitionReassignmentsHandler
    implements ApiHandler<
        ListPartitionReassignmentsRequestData, ListPartitionReassignmentsResponseData> {
  private final ClusterMetadata metadata;
  private final ReplicaView replicas;

  ListPartitionReassignmentsHandler(ClusterMetadata metadata, ReplicaView replicas) {
    this.metadata = metadata;
    this.replicas = replicas;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.LIST_PARTITION_REASSIGNMENTS;
  }

  @Override
  public CompletableFuture<ListPartitionReassignmentsResponseData> handle(
      RequestContext context, ListPartitionReassignmentsRequestData request) {
    MetadataImage image = metadata.image();
    Map<String, OngoingTopicReassignment> ongoing = new TreeMap<>();
    for (PartitionId id : image.preferredLeaders().keySet()) {
      Topic topic = image.topic(id.topicId());
      PreferredLeader preferred = image.preferredLeader(id);
      if (topic == null
          || preferred == null
          || !image.isMoving(id)
          || !isAskedFor(topic.name(), id.partition(), request.topics())) {
        continue;
      }
      List<Integer> now = replicas.replicasOf(image, topic, id.partition());
      ongoing
          .computeIfAbsent(topic.name(), name -> new OngoingTopicReassignment().setName(name))
          .partitions()
          .add(
              new OngoingPartitionReassignment()
                  .setPartitionIndex(id.partition())
                  .setReplicas(now)
                  .setAddingReplicas(
                      now.contains(preferred.broker()) ? List.of() : List.of(preferred.broker()))
                  .setRemovingReplicas(List.of()));
    }
    return CompletableFuture.completedFuture(
        new ListPartitionReassignmentsResponseData().setTopics(List.copyOf(ongoing.values())));
  }

  private static boolean isAskedFor(
      String topic, int partition, @Nullable List<ListPartitionReassignmentsTopics> asked) {
    return asked == null
        || asked.stream()
            .anyMatch(
                each -> each.name().equals(topic) && each.partitionIndexes().contains(partition));
  }
}
