package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** Keeps a member of a consumer group alive and hands out its partitions. */
final class ConsumerGroupHeartbeatHandler
    implements ApiHandler<ConsumerGroupHeartbeatRequestData, ConsumerGroupHeartbeatResponseData> {
  private final GroupCoordinators coordinators;

  ConsumerGroupHeartbeatHandler(GroupCoordinators coordinators) {
    this.coordinators = coordinators;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.CONSUMER_GROUP_HEARTBEAT;
  }

  @Override
  public CompletableFuture<ConsumerGroupHeartbeatResponseData> handle(
      RequestContext context, ConsumerGroupHeartbeatRequestData request) {
    coordinators.features().require(GroupFeatures.CONSUMER_PROTOCOL);
    Groups groups = coordinators.groups();
    return coordinators
        .memory()
        .heartbeat(
            request.groupId(),
            request.memberId(),
            request.memberEpoch(),
            MemberMemory.sizeOf(request, context),
            coordinators.longestSessionMs(),
            () -> groups.consumerHeartbeat(context, request),
            response ->
                new MemberMemory.Answer(
                    response.errorCode(),
                    Objects.requireNonNullElse(response.memberId(), request.memberId())));
  }
}
