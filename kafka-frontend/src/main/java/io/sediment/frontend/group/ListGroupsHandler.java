package io.sediment.frontend.group;

import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.metadata.ClusterMetadata;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;

/** Lists the groups that this broker coordinates; clients ask every broker. */
final class ListGroupsHandler implements ApiHandler<ListGroupsRequestData, ListGroupsResponseData> {
  private final ClusterMetadata metadata;
  private final GroupCoordinators coordinators;

  ListGroupsHandler(ClusterMetadata metadata, GroupCoordinators coordinators) {
    this.metadata = metadata;
    this.coordinators = coordinators;
  }

  @Override
  public ApiKeys key() {
    return ApiKeys.LIST_GROUPS;
  }

  @Override
  public CompletableFuture<ListGroupsResponseData> handle(
      RequestContext context, ListGroupsRequestData request) {
    if (metadata.image().topic(coordinators.topic().name()) == null) {
      return CompletableFuture.completedFuture(new ListGroupsResponseData()); // no group ever was
    }
    Groups groups;
    try {
      groups = coordinators.groups();
    } catch (NotCoordinatorException e) {
      // Nobody else is asked for these groups: a client that is told this asks again.
      throw new CoordinatorNotAvailableException(e.getMessage(), e);
    }
    return groups.list(context, request);
  }
}
