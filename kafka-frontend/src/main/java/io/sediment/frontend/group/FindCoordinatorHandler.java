package io.sediment.frontend.group;

import io.sediment.frontend.coordinator.InternalTopic;
import io.sediment.frontend.coordinator.InternalTopicCreator;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.Broker;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;

/**
 * Tells clients which broker coordinates what: the leader of the key's partition in the internal
 * topic of that kind. The topic is created when the first one asks.
 */
final class FindCoordinatorHandler
    implements ApiHandler<FindCoordinatorRequestData, FindCoordinatorResponseData> {
  private static final int NOBODY = -1;

  private final ClusterMetadata metadata;
  private final InternalTopicCreator creator;
  private final Map<CoordinatorType, InternalTopic> topics;

  /**
   * @param topics of each kind of coordinator that is served
   */
  FindCoordinatorHandler(
      ClusterMetadata metadata,
      InternalTopicCreator creator,
      Map<CoordinatorType, InternalTopic> topics) {
    this.metadata = metadata;
    this.creator = creator;
    this.topics = Map.copyOf(topics);
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.FIND_COORDINATOR;
  }

  @Override
  public CompletableFuture<FindCoordinatorResponseData> handle(
      RequestContext context, FindCoordinatorRequestData request) {
    FindCoordinatorResponseData response = new FindCoordinatorResponseData();
    if (context.apiVersion() >= FindCoordinatorRequest.MIN_BATCHED_VERSION) {
      request.coordinatorKeys().forEach(key -> response.coordinators().add(find(request, key)));
    } else {
      Coordinator found = find(request, request.key());
      response
          .setErrorCode(found.errorCode())
          .setErrorMessage(found.errorMessage())
          .setNodeId(found.nodeId())
          .setHost(found.host())
          .setPort(found.port());
    }
    return CompletableFuture.completedFuture(response);
  }

  private Coordinator find(FindCoordinatorRequestData request, String key) {
    CoordinatorType type;
    try {
      type = CoordinatorType.forId(request.keyType());
    } catch (IllegalArgumentException e) {
      return error(key, Errors.INVALID_REQUEST, "Unknown key type " + request.keyType() + ".");
    }
    InternalTopic kind = topics.get(type);
    if (kind == null) {
      // Not retriable: a client that waits for a coordinator would wait for ever.
      return error(
          key, Errors.UNSUPPORTED_VERSION, "This cluster has no coordinator of type " + type + ".");
    }
    MetadataImage image = metadata.image();
    Topic topic = image.topic(kind.name());
    if (topic == null) {
      creator.create(kind);
      return error(key, Errors.COORDINATOR_NOT_AVAILABLE, kind.name() + " is being created.");
    }
    Broker coordinator = image.broker(InternalTopic.coordinatorOf(key, topic, image));
    return coordinator == null
        ? error(key, Errors.COORDINATOR_NOT_AVAILABLE, "Nobody leads the coordinator's partition.")
        : new Coordinator()
            .setKey(key)
            .setNodeId(coordinator.id())
            .setHost(coordinator.host())
            .setPort(coordinator.port());
  }

  private static Coordinator error(String key, Errors error, String message) {
    return new Coordinator()
        .setKey(key)
        .setErrorCode(error.code())
        .setErrorMessage(message)
        .setNodeId(NOBODY)
        .setHost("")
        .setPort(NOBODY);
  }
}
