package io.sediment.frontend.group;

import io.sediment.frontend.coordinator.InternalTopicCreator;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.metadata.ClusterMetadata;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.StreamsGroupDescribeRequestData;
import org.apache.kafka.common.message.StreamsGroupDescribeResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;

/** Builds the handlers of everything that is about groups. */
public final class GroupHandlers {
  private GroupHandlers() {}

  /**
   * @param newTopicIds for internal topics; never one that was drawn before
   */
  public static List<ApiHandler<?, ?>> all(
      ClusterMetadata metadata, GroupCoordinators coordinators, Supplier<UUID> newTopicIds) {
    return List.of(
        new FindCoordinatorHandler(
            metadata,
            new InternalTopicCreator(metadata, newTopicIds),
            Map.of(CoordinatorType.GROUP, coordinators.topic())),
        new JoinGroupHandler(coordinators),
        new SyncGroupHandler(coordinators),
        new PassingHandler<HeartbeatRequestData, HeartbeatResponseData>(
            ApiKeys.HEARTBEAT,
            coordinators,
            (groups, context, request) -> {
              coordinators.memory().heard(request.groupId(), request.memberId());
              return groups.heartbeat(context, request);
            }),
        new LeaveGroupHandler(coordinators),
        new OffsetCommitHandler(metadata, coordinators),
        new OffsetFetchHandler(metadata, coordinators),
        new OffsetDeleteHandler(metadata, coordinators),
        new ListGroupsHandler(metadata, coordinators),
        new PassingHandler<DescribeGroupsRequestData, DescribeGroupsResponseData>(
            ApiKeys.DESCRIBE_GROUPS,
            coordinators,
            (groups, context, request) ->
                groups
                    .describe(context, distinct(request.groups()))
                    .thenApply(all -> new DescribeGroupsResponseData().setGroups(all))),
        new PassingHandler<DeleteGroupsRequestData, DeleteGroupsResponseData>(
            ApiKeys.DELETE_GROUPS,
            coordinators,
            (groups, context, request) ->
                groups
                    .delete(context, distinct(request.groupsNames()))
                    .thenApply(all -> new DeleteGroupsResponseData().setResults(all))),
        new ConsumerGroupHeartbeatHandler(coordinators),
        new PassingHandler<ConsumerGroupDescribeRequestData, ConsumerGroupDescribeResponseData>(
            ApiKeys.CONSUMER_GROUP_DESCRIBE,
            coordinators,
            (groups, context, request) -> {
              coordinators.features().require(GroupFeatures.CONSUMER_PROTOCOL);
              return groups
                  .describeConsumerGroups(context, distinct(request.groupIds()))
                  .thenApply(all -> new ConsumerGroupDescribeResponseData().setGroups(all));
            }),
        new StreamsGroupHeartbeatHandler(coordinators, new StreamsTopics(metadata, newTopicIds)),
        new PassingHandler<StreamsGroupDescribeRequestData, StreamsGroupDescribeResponseData>(
            ApiKeys.STREAMS_GROUP_DESCRIBE,
            coordinators,
            (groups, context, request) -> {
              coordinators.features().require(GroupFeatures.STREAMS_PROTOCOL);
              return groups
                  .describeStreamsGroups(context, distinct(request.groupIds()))
                  .thenApply(all -> new StreamsGroupDescribeResponseData().setGroups(all));
            }));
  }

  /** A group is told of once, however often it is named. */
  private static List<String> distinct(List<String> groups) {
    return groups.stream().distinct().toList();
  }
}
