package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.CreatePartitions;
import io.sediment.metadata.CreatePartitions.Growth;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData.CreatePartitionsTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Adds partitions to topics. A topic never loses any. */
public final class CreatePartitionsHandler
    implements ApiHandler<CreatePartitionsRequestData, CreatePartitionsResponseData> {
  private final ClusterMetadata metadata;

  public CreatePartitionsHandler(ClusterMetadata metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.CREATE_PARTITIONS;
  }

  @Override
  public CompletableFuture<CreatePartitionsResponseData> handle(
      RequestContext context, CreatePartitionsRequestData request) {
    MetadataImage image = metadata.image();
    Map<String, AdminError> errors = new LinkedHashMap<>();
    Map<String, Growth> wanted = new LinkedHashMap<>();
    long added = 0;
    for (CreatePartitionsTopic asked : request.topics()) {
      if (request.topics().findAll(asked.name()).size() > 1) {
        errors.put(asked.name(), new AdminError(Errors.INVALID_REQUEST, "Duplicate topic name."));
        continue;
      }
      Topic topic = image.topic(asked.name());
      AdminError error = whatIsWrong(asked, topic, image);
      errors.put(asked.name(), error);
      if (error.isNone() && topic != null) {
        List<Integer> leaders =
            asked.assignments() == null
                ? List.of()
                : asked.assignments().stream().map(a -> a.brokerIds().get(0)).toList();
        wanted.put(asked.name(), new Growth(topic.id(), asked.count(), leaders));
        added += asked.count() - topic.partitionCount();
      }
    }
    if (added > CreateTopics.PARTITIONS_PER_TOPIC_MAX && wanted.size() > 1) {
      AdminError tooMany =
          new AdminError(
              Errors.POLICY_VIOLATION,
              "Excessively large number of partitions per request: asked="
                  + added
                  + " allowed="
                  + CreateTopics.PARTITIONS_PER_TOPIC_MAX);
      wanted.keySet().forEach(name -> errors.put(name, tooMany));
      wanted.clear();
    }
    List<String> names = new ArrayList<>(wanted.keySet());
    CreatePartitions command = new CreatePartitions(new ArrayList<>(wanted.values()));
    CompletableFuture<List<CommandResult<Integer>>> grown =
        wanted.isEmpty()
            ? CompletableFuture.completedFuture(List.of())
            : request.validateOnly()
                ? CompletableFuture.completedFuture(command.applyTo(image).result().valueOrThrow())
                : metadata.submit(command).thenApply(CommandResult::valueOrThrow);
    return grown.handle(
        (results, failure) -> {
          CreatePartitionsResponseData response = new CreatePartitionsResponseData();
          errors.forEach(
              (name, error) -> {
                AdminError outcome = error;
                if (error.isNone() && failure != null) {
                  outcome = AdminError.of(failure);
                } else if (error.isNone()
                    && results.get(names.indexOf(name)) instanceof Rejected<Integer> rejected) {
                  outcome = AdminError.of(rejected);
                }
                response
                    .results()
                    .add(
                        new CreatePartitionsTopicResult()
                            .setName(name)
                            .setErrorCode(outcome.code())
                            .setErrorMessage(outcome.message()));
              });
          return response;
        });
  }

  private static AdminError whatIsWrong(
      CreatePartitionsTopic asked, @Nullable Topic topic, MetadataImage image) {
    if (topic == null) {
      return new AdminError(
          Errors.UNKNOWN_TOPIC_OR_PARTITION, Errors.UNKNOWN_TOPIC_OR_PARTITION.message());
    }
    if (org.apache.kafka.common.internals.Topic.isInternal(topic.name())) {
      return new AdminError(
          Errors.INVALID_TOPIC_EXCEPTION,
          "Topic '"
              + topic.name()
              + "' is internal: which partition holds a key depends on how many there are.");
    }
    int before = topic.partitionCount();
    if (asked.count() == before) {
      return new AdminError(
          Errors.INVALID_PARTITIONS, "Topic already has " + before + " partition(s).");
    }
    if (asked.count() < before) {
      return new AdminError(
          Errors.INVALID_PARTITIONS,
          "The topic "
              + asked.name()
              + " currently has "
              + before
              + " partition(s); "
              + asked.count()
              + " would not be an increase.");
    }
    if (asked.assignments() != null) {
      if (asked.assignments().size() != asked.count() - before) {
        return new AdminError(
            Errors.INVALID_REPLICA_ASSIGNMENT,
            "Attempted to add "
                + (asked.count() - before)
                + " partition(s), but "
                + asked.assignments().size()
                + " assignment(s) were specified.");
      }
      for (var assignment : asked.assignments()) {
        List<Integer> brokers = assignment.brokerIds();
        if (brokers.isEmpty() || brokers.stream().distinct().count() != brokers.size()) {
          return new AdminError(
              Errors.INVALID_REPLICA_ASSIGNMENT,
              "Each new partition needs brokers, each named once: " + brokers);
        }
        for (int broker : brokers) {
          if (image.broker(broker) == null) {
            return new AdminError(
                Errors.INVALID_REPLICA_ASSIGNMENT, "Broker " + broker + " is not there.");
          }
        }
      }
    }
    return AdminError.NONE;
  }
}
