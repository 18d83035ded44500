package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Done;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferLeaders;
import io.sediment.metadata.PreferLeaders.Choice;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignablePartition;
import org.apache.kafka.common.message.AlterPartitionReassignmentsRequestData.ReassignableTopic;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignablePartitionResponse;
import org.apache.kafka.common.message.AlterPartitionReassignmentsResponseData.ReassignableTopicResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Says who shall lead partitions: the first broker of each list. The bytes are in the object store,
 * so the others of the list mean nothing, and there must be as many as clients are told.
 */
final class AlterPartitionReassignmentsHandler
    implements ApiHandler<
        AlterPartitionReassignmentsRequestData, AlterPartitionReassignmentsResponseData> {
  private final ClusterMetadata metadata;

  AlterPartitionReassignmentsHandler(ClusterMetadata metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.ALTER_PARTITION_REASSIGNMENTS;
  }

  @Override
  public CompletableFuture<AlterPartitionReassignmentsResponseData> handle(
      RequestContext context, AlterPartitionReassignmentsRequestData request) {
    MetadataImage image = metadata.image();
    AlterPartitionReassignmentsResponseData response =
        new AlterPartitionReassignmentsResponseData();
    List<Choice> choices = new ArrayList<>();
    List<ReassignablePartitionResponse> answers = new ArrayList<>();
    for (ReassignableTopic asked : request.topics()) {
      ReassignableTopicResponse topicAnswer = new ReassignableTopicResponse().setName(asked.name());
      response.responses().add(topicAnswer);
      Topic topic = image.topic(asked.name());
      for (ReassignablePartition partition : asked.partitions()) {
        ReassignablePartitionResponse answer =
            new ReassignablePartitionResponse().setPartitionIndex(partition.partitionIndex());
        topicAnswer.partitions().add(answer);
        if (topic == null || topic.partition(partition.partitionIndex()) == null) {
          set(
              answer,
              new AdminError(
                  Errors.UNKNOWN_TOPIC_OR_PARTITION, Errors.UNKNOWN_TOPIC_OR_PARTITION.message()));
          continue;
        }
        AdminError error = whatIsWrong(partition.replicas(), topic, image);
        set(answer, error);
        if (error.isNone()) {
          int leader =
              partition.replicas() == null ? PreferLeaders.NOBODY : partition.replicas().get(0);
          choices.add(new Choice(new PartitionId(topic.id(), partition.partitionIndex()), leader));
          answers.add(answer);
        }
      }
    }
    if (choices.isEmpty()) {
      return CompletableFuture.completedFuture(response);
    }
    return metadata
        .submit(new PreferLeaders(choices))
        .thenApply(CommandResult::valueOrThrow)
        .handle(
            (results, failure) -> {
              for (int i = 0; i < answers.size(); i++) {
                if (failure != null) {
                  set(answers.get(i), AdminError.of(failure));
                } else if (results.get(i) instanceof Rejected<Done> rejected) {
                  set(answers.get(i), AdminError.of(rejected));
                }
              }
              return response;
            });
  }

  private static void set(ReassignablePartitionResponse answer, AdminError error) {
    answer.setErrorCode(error.code()).setErrorMessage(error.message());
  }

  private static AdminError whatIsWrong(
      @Nullable List<Integer> replicas, Topic topic, MetadataImage image) {
    if (replicas == null) {
      return AdminError.NONE;
    }
    if (replicas.isEmpty() || new HashSet<>(replicas).size() != replicas.size()) {
      return new AdminError(
          Errors.INVALID_REPLICA_ASSIGNMENT,
          "A partition needs brokers, each named once: " + replicas);
    }
    for (int broker : replicas) {
      if (image.broker(broker) == null) {
        return new AdminError(
            Errors.INVALID_REPLICA_ASSIGNMENT, "Broker " + broker + " is not there.");
      }
    }
    if (replicas.size() != topic.replicationFactor()) {
      return new AdminError(
          Errors.INVALID_REPLICATION_FACTOR,
          "The replication factor of a topic stays what it is: asked="
              + replicas.size()
              + " current="
              + topic.replicationFactor());
    }
    return AdminError.NONE;
  }
}
