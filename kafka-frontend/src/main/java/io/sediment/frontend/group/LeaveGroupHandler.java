package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupResponseData.MemberResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.LeaveGroupResponse;

/** Lets members out of a classic group; older versions name one, newer ones several. */
final class LeaveGroupHandler implements ApiHandler<LeaveGroupRequestData, LeaveGroupResponseData> {
  private static final short FIRST_VERSION_WITH_SEVERAL = 3;

  private final GroupCoordinators coordinators;

  LeaveGroupHandler(GroupCoordinators coordinators) {
    this.coordinators = coordinators;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.LEAVE_GROUP;
  }

  @Override
  public CompletableFuture<LeaveGroupResponseData> handle(
      RequestContext context, LeaveGroupRequestData request) {
    short version = context.apiVersion();
    LeaveGroupRequestData all =
        version >= FIRST_VERSION_WITH_SEVERAL
            ? request
            : new LeaveGroupRequestData()
                .setGroupId(request.groupId())
                .setMembers(List.of(new MemberIdentity().setMemberId(request.memberId())));
    return coordinators
        .groups()
        .leave(context, all)
        .whenComplete(
            (response, failure) -> {
              if (failure == null) {
                forget(request.groupId(), response);
              }
            })
        .thenApply(response -> new LeaveGroupResponse(response, version).data());
  }

  private void forget(String group, LeaveGroupResponseData response) {
    for (MemberResponse member : response.members()) {
      if (member.errorCode() == Errors.NONE.code()) {
        coordinators.memory().left(group, member.memberId());
      }
    }
  }
}
