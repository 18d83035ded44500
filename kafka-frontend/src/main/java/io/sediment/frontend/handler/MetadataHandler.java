package io.sediment.frontend.handler;

import io.sediment.metadata.Broker;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.CreatedTopic;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.Partition;
import io.sediment.metadata.RejectionCode;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.MetadataRequestData.MetadataRequestTopic;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseBroker;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponsePartition;
import org.apache.kafka.common.message.MetadataResponseData.MetadataResponseTopic;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * Tells clients the brokers, topics and leaders of the published image, and creates topics that are
 * asked for by name where request and broker allow it.
 */
final class MetadataHandler implements ApiHandler<MetadataRequestData, MetadataResponseData> {
  private static final short FIRST_VERSION_WITH_NULL_FOR_ALL = 1;
  private static final short FIRST_VERSION_WITH_CREATION_FLAG = 4;

  private final ClusterMetadata metadata;
  private final ReplicaView replicas;
  private final FrontendSettings settings;
  private final LeadersToCome leaders;
  private final Supplier<UUID> topicIds;

  /**
   * @param topicIds draws ids for topics that are created
   */
  MetadataHandler(
      ClusterMetadata metadata,
      ReplicaView replicas,
      FrontendSettings settings,
      LeadersToCome leaders,
      Supplier<UUID> topicIds) {
    this.metadata = metadata;
    this.replicas = replicas;
    this.settings = settings;
    this.leaders = leaders;
    this.topicIds = topicIds;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.METADATA;
  }

  @Override
  public CompletableFuture<MetadataResponseData> handle(
      RequestContext context, MetadataRequestData request) {
    Map<String, Errors> errors = new HashMap<>();
    List<NewTopic> missing = missingTopics(context, request, errors);
    if (missing.isEmpty()) {
      return leaders
          .await(() -> allAreLed(context, request), context.networkThread())
          .thenApply(waited -> answer(context, request, errors));
    }
    return metadata
        .submit(new CreateTopics(missing))
        .handle(
            (result, failure) -> {
              addCreationErrors(missing, result, errors);
              return answer(context, request, errors);
            });
  }

  /** Whether every partition asked for that there is has a leader. */
  private boolean allAreLed(RequestContext context, MetadataRequestData request) {
    MetadataImage image = metadata.image();
    if (asksForAll(context, request)) {
      return image.topics().stream().allMatch(topic -> isLed(image, topic));
    }
    for (MetadataRequestTopic asked : request.topics()) {
      Topic topic = topic(image, asked);
      if (topic != null && !isLed(image, topic)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isLed(MetadataImage image, Topic topic) {
    return topic.partitions().stream()
        .allMatch(partition -> image.leaderOf(partition) != MetadataImage.NO_LEADER);
  }

  private static @Nullable Topic topic(MetadataImage image, MetadataRequestTopic asked) {
    if (!asked.topicId().equals(Uuid.ZERO_UUID)) {
      return image.topic(TopicIds.ours(asked.topicId()));
    }
    return asked.name() == null ? null : image.topic(asked.name());
  }

  // Creation on demand.

  /**
   * @param refused takes the names that may not be created beside those that are there
   */
  private List<NewTopic> missingTopics(
      RequestContext context, MetadataRequestData request, Map<String, Errors> refused) {
    boolean asked =
        context.apiVersion() < FIRST_VERSION_WITH_CREATION_FLAG || request.allowAutoTopicCreation();
    if (!settings.autoCreateTopics() || !asked || asksForAll(context, request)) {
      return List.of();
    }
    MetadataImage image = metadata.image();
    TopicNames names = new TopicNames(image);
    Map<String, NewTopic> missing = new LinkedHashMap<>();
    for (MetadataRequestTopic topic : request.topics()) {
      String name = topic.name();
      if (name != null
          && topic.topicId().equals(Uuid.ZERO_UUID)
          && image.topic(name) == null
          && isValidName(name)
          && !org.apache.kafka.common.internals.Topic.isInternal(name)) {
        if ((missing.size() + 1L) * settings.defaultPartitions()
                > CreateTopics.PARTITIONS_PER_TOPIC_MAX
            && !missing.isEmpty()
            && !missing.containsKey(name)) {
          refused.put(name, Errors.LEADER_NOT_AVAILABLE); // made when the client asks again
          continue;
        }
        if (names.add(name) != null) {
          refused.put(name, Errors.INVALID_TOPIC_EXCEPTION);
          continue;
        }
        missing.put(
            name,
            new NewTopic(
                topicIds.get(),
                name,
                settings.defaultPartitions(),
                settings.defaultReplicationFactor(),
                List.of(),
                Map.of()));
      }
    }
    return List.copyOf(missing.values());
  }

  static boolean isValidName(String name) {
    try {
      org.apache.kafka.common.internals.Topic.validate(name);
      return true;
    } catch (InvalidTopicException e) {
      return false;
    }
  }

  private static void addCreationErrors(
      List<NewTopic> asked,
      @Nullable CommandResult<List<CommandResult<CreatedTopic>>> result,
      Map<String, Errors> errors) {
    for (int i = 0; i < asked.size(); i++) {
      // Not visible at once, so clients ask again: that is LEADER_NOT_AVAILABLE.
      Errors error = Errors.LEADER_NOT_AVAILABLE;
      if (result instanceof CommandResult.Accepted<List<CommandResult<CreatedTopic>>> accepted
          && accepted.value().get(i) instanceof CommandResult.Rejected<CreatedTopic> rejected
          && rejected.code() == RejectionCode.INVALID_PARTITIONS) {
        error = Errors.INVALID_PARTITIONS;
      }
      errors.put(asked.get(i).name(), error);
    }
  }

  // The answer.

  private static boolean asksForAll(RequestContext context, MetadataRequestData request) {
    return request.topics() == null
        || (context.apiVersion() < FIRST_VERSION_WITH_NULL_FOR_ALL && request.topics().isEmpty());
  }

  private MetadataResponseData answer(
      RequestContext context, MetadataRequestData request, Map<String, Errors> creationErrors) {
    MetadataImage image = metadata.image();
    MetadataResponseData response =
        new MetadataResponseData()
            .setClusterId(image.clusterId())
            .setControllerId(replicas.controllerId());
    for (Broker broker : replicas.liveBrokers(image)) {
      response
          .brokers()
          .add(
              new MetadataResponseBroker()
                  .setNodeId(broker.id())
                  .setHost(broker.host())
                  .setPort(broker.port())
                  .setRack(broker.rack()));
    }
    if (asksForAll(context, request)) {
      for (Topic topic : image.topics()) {
        response.topics().add(describe(image, topic));
      }
      return response;
    }
    for (MetadataRequestTopic asked : request.topics()) {
      response.topics().add(describe(context, image, asked, creationErrors));
    }
    return response;
  }

  private MetadataResponseTopic describe(
      RequestContext context,
      MetadataImage image,
      MetadataRequestTopic asked,
      Map<String, Errors> creationErrors) {
    String name = asked.name();
    boolean byId = !asked.topicId().equals(Uuid.ZERO_UUID);
    if (byId) {
      Topic topic = image.topic(TopicIds.ours(asked.topicId()));
      return topic != null
          ? describe(image, topic)
          // Versions without null names have no field to leave out.
          : error(Errors.UNKNOWN_TOPIC_ID, context.apiVersion() >= 12 ? null : "")
              .setTopicId(asked.topicId());
    }
    if (name == null) {
      return error(Errors.INVALID_REQUEST, context.apiVersion() >= 12 ? null : "");
    }
    Topic topic = image.topic(name);
    if (topic != null) {
      return describe(image, topic);
    }
    Errors creation = creationErrors.get(name);
    return error(
        creation != null
            ? creation
            : isValidName(name)
                ? Errors.UNKNOWN_TOPIC_OR_PARTITION
                : Errors.INVALID_TOPIC_EXCEPTION,
        name);
  }

  /**
   * Kafka's collection of topics hashes them by name. Ids that nobody knows have none, and names
   * come from clients: where all of them collide, it takes the cube of their number to add them.
   */
  private static final class TopicAnswer extends MetadataResponseTopic {
    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  private static MetadataResponseTopic error(Errors error, @Nullable String name) {
    return new TopicAnswer().setErrorCode(error.code()).setName(name);
  }

  private MetadataResponseTopic describe(MetadataImage image, Topic topic) {
    MetadataResponseTopic described =
        new TopicAnswer()
            .setName(topic.name())
            .setTopicId(TopicIds.kafkas(topic.id()))
            .setIsInternal(org.apache.kafka.common.internals.Topic.isInternal(topic.name()));
    List<MetadataResponsePartition> partitions = new ArrayList<>(topic.partitionCount());
    for (int i = 0; i < topic.partitionCount(); i++) {
      Partition partition = topic.partitions().get(i);
      int leader = image.leaderOf(partition);
      List<Integer> nodes = replicas.replicasOf(image, topic, i);
      partitions.add(
          new MetadataResponsePartition()
              .setErrorCode(
                  leader == MetadataImage.NO_LEADER
                      ? Errors.LEADER_NOT_AVAILABLE.code()
                      : Errors.NONE.code())
              .setPartitionIndex(i)
              .setLeaderId(leader)
              .setLeaderEpoch(partition.leaderEpoch())
              .setReplicaNodes(nodes)
              .setIsrNodes(nodes));
    }
    return described.setPartitions(partitions);
  }
}
