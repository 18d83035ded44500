package io.sediment.frontend.admin;

import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigEntry;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.handler.TopicNames;
import io.sediment.frontend.kafka.TopicConfigDefinitions;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Accepted;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.CreatedTopic;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.NewTopic;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicConfigs;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Makes topics, each or not by itself. */
public final class CreateTopicsHandler
    implements ApiHandler<CreateTopicsRequestData, CreateTopicsResponseData> {
  private static final int BY_DEFAULT = -1;

  /** One topic may have as many; many topics at once share it, as one command is one log entry. */
  private static final int PARTITIONS_PER_REQUEST_MAX = CreateTopics.PARTITIONS_PER_TOPIC_MAX;

  private static final short DEFAULT_REPLICATION_FACTOR = 1;

  private final ClusterMetadata metadata;
  private final int brokerId;
  private final BrokerConfigs brokerConfigs;
  private final int defaultPartitions;
  private final Supplier<UUID> newTopicIds;

  public CreateTopicsHandler(
      ClusterMetadata metadata,
      int brokerId,
      BrokerConfigs brokerConfigs,
      int defaultPartitions,
      Supplier<UUID> newTopicIds) {
    this.metadata = metadata;
    this.brokerId = brokerId;
    this.brokerConfigs = brokerConfigs;
    this.defaultPartitions = defaultPartitions;
    this.newTopicIds = newTopicIds;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.CREATE_TOPICS;
  }

  @Override
  public CompletableFuture<CreateTopicsResponseData> handle(
      RequestContext context, CreateTopicsRequestData request) {
    MetadataImage image = metadata.image();
    Map<String, AdminError> errors = new LinkedHashMap<>();
    List<NewTopic> wanted = new ArrayList<>();
    Set<String> twice = namesAskedForTwice(request);
    TopicNames names = new TopicNames(image);
    for (CreatableTopic topic : request.topics()) {
      if (twice.contains(topic.name())) {
        errors.put(topic.name(), new AdminError(Errors.INVALID_REQUEST, "Duplicate topic name."));
        continue;
      }
      AdminError error = whatIsWrong(topic, image);
      String colliding = error.isNone() ? names.add(topic.name()) : null;
      if (colliding != null) {
        error =
            new AdminError(
                Errors.INVALID_TOPIC_EXCEPTION,
                "Topic '" + topic.name() + "' collides with existing topic: " + colliding);
      }
      errors.put(topic.name(), error);
      if (error.isNone()) {
        wanted.add(newTopic(topic));
      }
    }
    long partitions = wanted.stream().mapToLong(NewTopic::partitionCount).sum();
    if (partitions > PARTITIONS_PER_REQUEST_MAX && wanted.size() > 1) {
      wanted.forEach(
          topic ->
              errors.put(
                  topic.name(),
                  new AdminError(
                      Errors.POLICY_VIOLATION,
                      "Excessively large number of partitions per request: asked="
                          + partitions
                          + " allowed="
                          + PARTITIONS_PER_REQUEST_MAX)));
      wanted.clear();
    }
    return create(wanted, request.validateOnly(), image)
        .handle(
            (results, failure) -> {
              CreateTopicsResponseData response = new CreateTopicsResponseData();
              Map<String, CommandResult<CreatedTopic>> byName = new TreeMap<>();
              for (int i = 0; failure == null && i < wanted.size(); i++) {
                byName.put(wanted.get(i).name(), results.get(i));
              }
              errors.forEach(
                  (name, error) -> {
                    AdminError all =
                        error.isNone() && failure != null ? AdminError.of(failure) : error;
                    response.topics().add(result(name, all, byName.get(name), request));
                  });
              return response;
            });
  }

  private CompletableFuture<List<CommandResult<CreatedTopic>>> create(
      List<NewTopic> wanted, boolean validateOnly, MetadataImage image) {
    CreateTopics command = new CreateTopics(wanted);
    if (wanted.isEmpty()) {
      return CompletableFuture.completedFuture(List.of());
    }
    return validateOnly
        ? CompletableFuture.completedFuture(command.applyTo(image).result().valueOrThrow())
        : metadata.submit(command).thenApply(CommandResult::valueOrThrow);
  }

  private static Set<String> namesAskedForTwice(CreateTopicsRequestData request) {
    Set<String> seen = new HashSet<>();
    Set<String> twice = new HashSet<>();
    for (CreatableTopic topic : request.topics()) {
      if (!seen.add(topic.name())) {
        twice.add(topic.name());
      }
    }
    return twice;
  }

  private static AdminError whatIsWrong(CreatableTopic topic, MetadataImage image) {
    if (Topic.isInternal(topic.name())) {
      return new AdminError(
          Errors.INVALID_TOPIC_EXCEPTION,
          "Topic '" + topic.name() + "' is internal; the cluster creates it when it is needed.");
    }
    try {
      Topic.validate(topic.name());
      TopicConfigDefinitions.validate(configs(topic));
    } catch (ApiException e) {
      return AdminError.of(e);
    }
    if (!topic.assignments().isEmpty()) {
      return whatIsWrongWithAssignments(topic, image);
    }
    if (topic.numPartitions() < 1 && topic.numPartitions() != BY_DEFAULT) {
      return new AdminError(
          Errors.INVALID_PARTITIONS,
          "Number of partitions was set to an invalid non-positive value.");
    }
    if (topic.replicationFactor() < 1 && topic.replicationFactor() != BY_DEFAULT) {
      return new AdminError(
          Errors.INVALID_REPLICATION_FACTOR,
          "Replication factor was set to an invalid non-positive value.");
    }
    return AdminError.NONE;
  }

  private static AdminError whatIsWrongWithAssignments(CreatableTopic topic, MetadataImage image) {
    if (topic.numPartitions() != BY_DEFAULT || topic.replicationFactor() != BY_DEFAULT) {
      return new AdminError(
          Errors.INVALID_REQUEST,
          "A manual partition assignment takes -1 for both partition count and replication"
              + " factor.");
    }
    for (int i = 0; i < topic.assignments().size(); i++) {
      CreatableReplicaAssignment assignment = topic.assignments().find(i);
      if (assignment == null) {
        return new AdminError(
            Errors.INVALID_REPLICA_ASSIGNMENT, "Partitions must be numbered from 0 without a gap.");
      }
      List<Integer> brokers = assignment.brokerIds();
      if (brokers.isEmpty() || new HashSet<>(brokers).size() != brokers.size()) {
        return new AdminError(
            Errors.INVALID_REPLICA_ASSIGNMENT,
            "Partition " + i + " needs brokers, each named once: " + brokers);
      }
      int replicas = topic.assignments().find(0).brokerIds().size();
      if (brokers.size() != replicas) {
        return new AdminError(
            Errors.INVALID_REPLICA_ASSIGNMENT,
            "Partition " + i + " has " + brokers.size() + " replica(s), those before " + replicas);
      }
      for (int broker : brokers) {
        if (image.broker(broker) == null) {
          return new AdminError(
              Errors.INVALID_REPLICA_ASSIGNMENT,
              "Partition " + i + " names broker " + broker + ", which is not there.");
        }
      }
    }
    return AdminError.NONE;
  }

  private NewTopic newTopic(CreatableTopic topic) {
    List<CreatableReplicaAssignment> assignments = new ArrayList<>(topic.assignments());
    assignments.sort(Comparator.comparingInt(CreatableReplicaAssignment::partitionIndex));
    if (!assignments.isEmpty()) {
      List<Integer> leaders = assignments.stream().map(a -> a.brokerIds().get(0)).toList();
      int replicas = assignments.get(0).brokerIds().size();
      return new NewTopic(
          newTopicIds.get(), topic.name(), assignments.size(), replicas, leaders, configs(topic));
    }
    return new NewTopic(
        newTopicIds.get(),
        topic.name(),
        topic.numPartitions() == BY_DEFAULT ? defaultPartitions : topic.numPartitions(),
        topic.replicationFactor() == BY_DEFAULT
            ? DEFAULT_REPLICATION_FACTOR
            : topic.replicationFactor(),
        List.of(),
        configs(topic));
  }

  /** A null value means "as by default", as in Kafka. */
  private static Map<String, String> configs(CreatableTopic topic) {
    Map<String, String> configs = new TreeMap<>();
    topic
        .configs()
        .forEach(
            config -> {
              if (config.value() != null) {
                configs.put(config.name(), config.value());
              }
            });
    return configs;
  }

  private CreatableTopicResult result(
      String name,
      AdminError error,
      @Nullable CommandResult<CreatedTopic> outcome,
      CreateTopicsRequestData request) {
    CreatableTopicResult result = new CreatableTopicResult().setName(name);
    if (outcome instanceof Rejected<CreatedTopic> rejected) {
      AdminError why = AdminError.of(rejected);
      return result.setErrorCode(why.code()).setErrorMessage(why.message());
    }
    if (outcome instanceof Accepted<CreatedTopic> accepted) {
      CreatedTopic created = accepted.value();
      result
          .setTopicId(
              request.validateOnly()
                  ? Uuid.ZERO_UUID
                  : new Uuid(
                      created.id().getMostSignificantBits(),
                      created.id().getLeastSignificantBits()))
          .setNumPartitions(created.partitionCount())
          .setReplicationFactor((short) created.replicationFactor());
      ConfigView view = new ConfigView(metadata.image(), brokerId, brokerConfigs);
      for (ConfigEntry entry : view.topic(configs(request.topics().find(name)))) {
        result
            .configs()
            .add(
                new CreatableTopicConfigs()
                    .setName(entry.name())
                    .setValue(entry.value())
                    .setReadOnly(entry.readOnly())
                    .setConfigSource(entry.source().id())
                    .setIsSensitive(false));
      }
      return result;
    }
    return result.setErrorCode(error.code()).setErrorMessage(error.message());
  }
}
