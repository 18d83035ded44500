package io.sediment.frontend.admin;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.DeleteTopics;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** Deletes topics by name or by id. Readers and writers are refused at once; the bytes go later. */
public final class DeleteTopicsHandler
    implements ApiHandler<DeleteTopicsRequestData, DeleteTopicsResponseData> {
  private final ClusterMetadata metadata;

  public DeleteTopicsHandler(ClusterMetadata metadata) {
    this.metadata = metadata;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.DELETE_TOPICS;
  }

  /** One topic of the request: as it was named, and what it was found to be. */
  private record Asked(@Nullable String name, Uuid id, @Nullable Topic topic, AdminError error) {}

  @Override
  public CompletableFuture<DeleteTopicsResponseData> handle(
      RequestContext context, DeleteTopicsRequestData request) {
    MetadataImage image = metadata.image();
    List<Asked> asked = new ArrayList<>();
    Set<UUID> seen = new HashSet<>();
    for (DeleteTopicState state : states(request)) {
      asked.add(find(state, image, seen));
    }
    Map<UUID, Integer> places = new LinkedHashMap<>();
    for (Asked a : asked) {
      if (a.error.isNone() && a.topic != null) {
        places.put(a.topic.id(), places.size());
      }
    }
    CompletableFuture<List<CommandResult<String>>> deleted =
        places.isEmpty()
            ? CompletableFuture.completedFuture(List.of())
            : metadata
                .submit(new DeleteTopics(List.copyOf(places.keySet())))
                .thenApply(CommandResult::valueOrThrow);
    return deleted.handle((results, failure) -> response(asked, places, results, failure));
  }

  private static List<DeleteTopicState> states(DeleteTopicsRequestData request) {
    List<DeleteTopicState> states = new ArrayList<>(request.topics());
    request.topicNames().forEach(name -> states.add(new DeleteTopicState().setName(name)));
    return states;
  }

  private static Asked find(DeleteTopicState state, MetadataImage image, Set<UUID> seen) {
    boolean byId = !state.topicId().equals(Uuid.ZERO_UUID);
    if (byId == (state.name() != null)) {
      return new Asked(
          state.name(),
          state.topicId(),
          null,
          new AdminError(
              Errors.INVALID_REQUEST,
              "A topic is deleted by its name or by its id, not both and not neither."));
    }
    Topic topic =
        byId
            ? image.topic(
                new UUID(
                    state.topicId().getMostSignificantBits(),
                    state.topicId().getLeastSignificantBits()))
            : image.topic(state.name());
    if (topic == null) {
      Errors error = byId ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION;
      return new Asked(state.name(), state.topicId(), null, new AdminError(error, error.message()));
    }
    Uuid id = new Uuid(topic.id().getMostSignificantBits(), topic.id().getLeastSignificantBits());
    if (!seen.add(topic.id())) {
      return new Asked(
          topic.name(),
          id,
          topic,
          new AdminError(Errors.INVALID_REQUEST, "Duplicate topic in the request."));
    }
    return new Asked(topic.name(), id, topic, AdminError.NONE);
  }

  private static DeleteTopicsResponseData response(
      List<Asked> asked,
      Map<UUID, Integer> places,
      List<CommandResult<String>> results,
      @Nullable Throwable failure) {
    DeleteTopicsResponseData response = new DeleteTopicsResponseData();
    for (Asked a : asked) {
      AdminError error = a.error;
      if (error.isNone() && a.topic != null) {
        if (failure != null) {
          error = AdminError.of(failure);
        } else if (results.get(Objects.requireNonNull(places.get(a.topic.id())))
            instanceof Rejected<String> rejected) {
          error = AdminError.of(rejected);
        }
      }
      response
          .responses()
          .add(
              new TopicAnswer()
                  .setName(a.name)
                  .setTopicId(a.id)
                  .setErrorCode(error.code())
                  .setErrorMessage(error.message()));
    }
    return response;
  }

  /**
   * Kafka's collection of results hashes them by name, which ids that nobody knows have none of.
   */
  private static final class TopicAnswer extends DeletableTopicResult {
    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }
}
