package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.SyncGroupRequest;

/** Hands out the assignment that the leader of a classic group made. */
final class SyncGroupHandler implements ApiHandler<SyncGroupRequestData, SyncGroupResponseData> {
  private final GroupCoordinators coordinators;

  SyncGroupHandler(GroupCoordinators coordinators) {
    this.coordinators = coordinators;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.SYNC_GROUP;
  }

  @Override
  public CompletableFuture<SyncGroupResponseData> handle(
      RequestContext context, SyncGroupRequestData request) {
    if (!new SyncGroupRequest(request, context.apiVersion())
        .areMandatoryProtocolTypeAndNamePresent()) {
      return CompletableFuture.completedFuture(
          new SyncGroupResponseData().setErrorCode(Errors.INCONSISTENT_GROUP_PROTOCOL.code()));
    }
    Groups groups = coordinators.groups();
    return coordinators
        .memory()
        .assign(
            request.groupId(),
            request.memberId(),
            request.assignments().isEmpty() ? 0 : MemberMemory.sizeOf(request, context),
            () -> groups.sync(context, request),
            SyncGroupResponseData::errorCode);
  }
}
