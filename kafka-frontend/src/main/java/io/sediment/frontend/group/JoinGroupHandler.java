package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.JoinGroupResponse;

/** Lets a member into a classic group; answered when the others have joined as well. */
final class JoinGroupHandler implements ApiHandler<JoinGroupRequestData, JoinGroupResponseData> {
  /** More would not fit into the record in which a group is kept, but would be kept in memory. */
  private static final int PROTOCOL_BYTES_MAX = 1 << 20;

  private final GroupCoordinators coordinators;

  JoinGroupHandler(GroupCoordinators coordinators) {
    this.coordinators = coordinators;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.JOIN_GROUP;
  }

  @Override
  public CompletableFuture<JoinGroupResponseData> handle(
      RequestContext context, JoinGroupRequestData request) {
    short version = context.apiVersion();
    long bytes = 0;
    for (JoinGroupRequestProtocol protocol : request.protocols()) {
      bytes += protocol.name().length() + protocol.metadata().length;
    }
    if (bytes > PROTOCOL_BYTES_MAX) {
      throw new InvalidRequestException(
          "protocols of a member too large: bytes=" + bytes + " max=" + PROTOCOL_BYTES_MAX);
    }
    Groups groups = coordinators.groups();
    return coordinators
        .memory()
        .join(
            request.groupId(),
            request.memberId(),
            MemberMemory.sizeOf(request, context),
            request.sessionTimeoutMs(),
            () -> groups.join(context, request),
            response -> new MemberMemory.Answer(response.errorCode(), response.memberId()))
        // Older versions cannot say that there is no protocol.
        .thenApply(response -> new JoinGroupResponse(response, version).data());
  }
}
