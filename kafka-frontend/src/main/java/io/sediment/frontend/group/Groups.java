package io.sediment.frontend.group;

import io.sediment.frontend.handler.RequestContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResultCollection;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.StreamsGroupDescribeResponseData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;

/**
 * The groups that this broker coordinates. Nothing blocks; answers come from the coordinator's own
 * threads, and what they say is durable in the object store. Errors that a client understands are
 * in the response. Any thread.
 */
public interface Groups {
  CompletableFuture<JoinGroupResponseData> join(
      RequestContext context, JoinGroupRequestData request);

  CompletableFuture<SyncGroupResponseData> sync(
      RequestContext context, SyncGroupRequestData request);

  CompletableFuture<HeartbeatResponseData> heartbeat(
      RequestContext context, HeartbeatRequestData request);

  CompletableFuture<LeaveGroupResponseData> leave(
      RequestContext context, LeaveGroupRequestData request);

  /**
   * @param request of existing topics, each with name and id
   */
  CompletableFuture<OffsetCommitResponseData> commit(
      RequestContext context, OffsetCommitRequestData request);

  /**
   * Fails with Kafka's NotCoordinatorException where another broker may coordinate the group by the
   * time there is an answer, and may have answered later commits.
   *
   * @param requireStable whether offsets of open transactions are answered as unstable
   */
  CompletableFuture<OffsetFetchResponseGroup> fetch(
      RequestContext context, OffsetFetchRequestGroup request, boolean requireStable);

  CompletableFuture<OffsetDeleteResponseData> deleteOffsets(
      RequestContext context, OffsetDeleteRequestData request);

  CompletableFuture<ListGroupsResponseData> list(
      RequestContext context, ListGroupsRequestData request);

  CompletableFuture<List<DescribeGroupsResponseData.DescribedGroup>> describe(
      RequestContext context, List<String> groupIds);

  CompletableFuture<DeletableGroupResultCollection> delete(
      RequestContext context, List<String> groupIds);

  CompletableFuture<ConsumerGroupHeartbeatResponseData> consumerHeartbeat(
      RequestContext context, ConsumerGroupHeartbeatRequestData request);

  CompletableFuture<List<ConsumerGroupDescribeResponseData.DescribedGroup>> describeConsumerGroups(
      RequestContext context, List<String> groupIds);

  CompletableFuture<StreamsHeartbeat> streamsHeartbeat(
      RequestContext context, StreamsGroupHeartbeatRequestData request);

  CompletableFuture<List<StreamsGroupDescribeResponseData.DescribedGroup>> describeStreamsGroups(
      RequestContext context, List<String> groupIds);

  /**
   * @param missingTopics by name: what the topology needs and the caller shall create
   */
  record StreamsHeartbeat(
      StreamsGroupHeartbeatResponseData response, Map<String, CreatableTopic> missingTopics) {
    public StreamsHeartbeat {
      missingTopics = Map.copyOf(missingTopics);
    }
  }
}
