package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.Subtopology;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.TopicInfo;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.Topology;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/**
 * Keeps a member of a streams group alive and hands out its tasks. Internal topics that the
 * topology lacks are created on the way; the member hears of them with one of its next heartbeats.
 */
final class StreamsGroupHeartbeatHandler
    implements ApiHandler<StreamsGroupHeartbeatRequestData, StreamsGroupHeartbeatResponseData> {
  private final GroupCoordinators coordinators;
  private final StreamsTopics topics;

  StreamsGroupHeartbeatHandler(GroupCoordinators coordinators, StreamsTopics topics) {
    this.coordinators = coordinators;
    this.topics = topics;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.STREAMS_GROUP_HEARTBEAT;
  }

  @Override
  public CompletableFuture<StreamsGroupHeartbeatResponseData> handle(
      RequestContext context, StreamsGroupHeartbeatRequestData request) {
    coordinators.features().require(GroupFeatures.STREAMS_PROTOCOL);
    Set<String> named = request.topology() == null ? Set.of() : topicsOf(request.topology());
    List<String> internal = named.stream().filter(Topic::isInternal).toList();
    if (!internal.isEmpty()) {
      return invalid("Use of Kafka internal topics " + internal + " in a topology is prohibited.");
    }
    List<String> misnamed = named.stream().filter(name -> !Topic.isValid(name)).toList();
    if (!misnamed.isEmpty()) {
      return invalid("Topic names " + misnamed + " are not valid topic names.");
    }
    Groups groups = coordinators.groups();
    return coordinators
        .memory()
        .heartbeat(
            request.groupId(),
            request.memberId(),
            request.memberEpoch(),
            MemberMemory.sizeOf(request, context),
            coordinators.longestSessionMs(),
            () -> groups.streamsHeartbeat(context, request),
            heartbeat ->
                new MemberMemory.Answer(
                    heartbeat.response().errorCode(), heartbeat.response().memberId()))
        .thenApply(
            heartbeat -> {
              StreamsGroupHeartbeatResponseData response = heartbeat.response();
              if (!heartbeat.missingTopics().isEmpty()) {
                topics.create(heartbeat.missingTopics().values());
                topics.explain(heartbeat.missingTopics().keySet(), response);
              }
              return response;
            });
  }

  private static Set<String> topicsOf(Topology topology) {
    Set<String> names = new LinkedHashSet<>();
    for (Subtopology part : topology.subtopologies()) {
      names.addAll(part.sourceTopics());
      names.addAll(part.repartitionSinkTopics());
      List<TopicInfo> created = new ArrayList<>(part.repartitionSourceTopics());
      created.addAll(part.stateChangelogTopics());
      created.forEach(topic -> names.add(topic.name()));
    }
    return names;
  }

  private static CompletableFuture<StreamsGroupHeartbeatResponseData> invalid(String message) {
    return CompletableFuture.completedFuture(
        new StreamsGroupHeartbeatResponseData()
            .setErrorCode(Errors.STREAMS_INVALID_TOPOLOGY.code())
            .setErrorMessage(message));
  }
}
