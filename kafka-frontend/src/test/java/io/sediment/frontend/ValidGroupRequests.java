package io.sediment.frontend;

import io.sediment.frontend.ValidRequests.Subject;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.StreamsGroupDescribeRequestData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;

/** Those of {@link ValidRequests} that are about a group, named as the topic is. */
final class ValidGroupRequests {
  private static final String MEMBER = "member";
  private static final int TIMEOUT_MS = 50; // nobody shall wait for members that have gone

  private ValidGroupRequests() {}

  /** The group is new and the member nobody it knows. */
  static Set<Errors> answersTo(ApiKeys key) {
    return switch (key) {
      case JOIN_GROUP -> Set.of(Errors.NONE, Errors.MEMBER_ID_REQUIRED);
      case SYNC_GROUP, HEARTBEAT -> Set.of(Errors.UNKNOWN_MEMBER_ID);
      case LEAVE_GROUP -> Set.of(Errors.NONE, Errors.UNKNOWN_MEMBER_ID); // of the whole, of one
      case DESCRIBE_GROUPS -> Set.of(Errors.NONE, Errors.GROUP_ID_NOT_FOUND);
      case OFFSET_DELETE, DELETE_GROUPS, CONSUMER_GROUP_DESCRIBE, STREAMS_GROUP_DESCRIBE ->
          Set.of(Errors.GROUP_ID_NOT_FOUND);
      default -> Set.of(Errors.NONE);
    };
  }

  static ApiMessage of(ApiKeys key, short version, Subject about) {
    String group = about.topic();
    return switch (key) {
      case FIND_COORDINATOR ->
          version < 4
              ? new FindCoordinatorRequestData().setKey(group)
              : new FindCoordinatorRequestData().setCoordinatorKeys(List.of(group));
      case JOIN_GROUP -> join(group);
      case SYNC_GROUP -> sync(version, group);
      case HEARTBEAT -> new HeartbeatRequestData().setGroupId(group).setMemberId(MEMBER);
      case LEAVE_GROUP -> leave(version, group);
      case OFFSET_COMMIT -> commit(version, about);
      case OFFSET_FETCH -> fetch(version, about);
      case OFFSET_DELETE -> deleteOffset(about);
      case LIST_GROUPS -> new ListGroupsRequestData();
      case DESCRIBE_GROUPS -> new DescribeGroupsRequestData().setGroups(List.of(group));
      case DELETE_GROUPS -> new DeleteGroupsRequestData().setGroupsNames(List.of(group));
      case CONSUMER_GROUP_HEARTBEAT ->
          new ConsumerGroupHeartbeatRequestData()
              .setGroupId(group)
              .setMemberId(Uuid.ZERO_UUID.toString())
              .setMemberEpoch(0)
              .setRebalanceTimeoutMs(TIMEOUT_MS)
              .setSubscribedTopicNames(List.of(about.topic()))
              .setTopicPartitions(List.of());
      case CONSUMER_GROUP_DESCRIBE ->
          new ConsumerGroupDescribeRequestData().setGroupIds(List.of(group));
      case STREAMS_GROUP_HEARTBEAT -> streams(about);
      case STREAMS_GROUP_DESCRIBE ->
          new StreamsGroupDescribeRequestData().setGroupIds(List.of(group));
      default -> throw new AssertionError(key + " is advertised and has no request here");
    };
  }

  private static ApiMessage join(String group) {
    JoinGroupRequestData join =
        new JoinGroupRequestData()
            .setGroupId(group)
            .setSessionTimeoutMs(TIMEOUT_MS)
            .setRebalanceTimeoutMs(TIMEOUT_MS)
            .setProtocolType("consumer");
    join.protocols()
        .add(
            new JoinGroupRequestData.JoinGroupRequestProtocol()
                .setName("range")
                .setMetadata(new byte[0]));
    return join;
  }

  private static ApiMessage sync(short version, String group) {
    SyncGroupRequestData sync = new SyncGroupRequestData().setGroupId(group).setMemberId(MEMBER);
    return version < 5 ? sync : sync.setProtocolType("consumer").setProtocolName("range");
  }

  private static ApiMessage leave(short version, String group) {
    LeaveGroupRequestData leave = new LeaveGroupRequestData().setGroupId(group);
    return version < 3
        ? leave.setMemberId(MEMBER)
        : leave.setMembers(List.of(new LeaveGroupRequestData.MemberIdentity().setMemberId(MEMBER)));
  }

  private static ApiMessage commit(short version, Subject about) {
    OffsetCommitRequestData.OffsetCommitRequestTopic topic =
        new OffsetCommitRequestData.OffsetCommitRequestTopic()
            .setPartitions(
                List.of(
                    new OffsetCommitRequestData.OffsetCommitRequestPartition()
                        .setCommittedOffset(1)));
    return new OffsetCommitRequestData()
        .setGroupId(about.topic())
        .setTopics(
            List.of(
                version < 10 ? topic.setName(about.topic()) : topic.setTopicId(about.topicId())));
  }

  private static ApiMessage fetch(short version, Subject about) {
    if (version < 8) {
      return new OffsetFetchRequestData()
          .setGroupId(about.topic())
          .setTopics(
              List.of(
                  new OffsetFetchRequestData.OffsetFetchRequestTopic()
                      .setName(about.topic())
                      .setPartitionIndexes(List.of(0))));
    }
    OffsetFetchRequestData.OffsetFetchRequestTopics topic =
        new OffsetFetchRequestData.OffsetFetchRequestTopics().setPartitionIndexes(List.of(0));
    return new OffsetFetchRequestData()
        .setGroups(
            List.of(
                new OffsetFetchRequestData.OffsetFetchRequestGroup()
                    .setGroupId(about.topic())
                    .setTopics(
                        List.of(
                            version < 10
                                ? topic.setName(about.topic())
                                : topic.setTopicId(about.topicId())))));
  }

  private static ApiMessage deleteOffset(Subject about) {
    OffsetDeleteRequestData delete = new OffsetDeleteRequestData().setGroupId(about.topic());
    delete
        .topics()
        .add(
            new OffsetDeleteRequestData.OffsetDeleteRequestTopic()
                .setName(about.topic())
                .setPartitions(
                    List.of(new OffsetDeleteRequestData.OffsetDeleteRequestPartition())));
    return delete;
  }

  private static ApiMessage streams(Subject about) {
    return new StreamsGroupHeartbeatRequestData()
        .setGroupId(about.topic())
        .setMemberId(Uuid.ZERO_UUID.toString())
        .setMemberEpoch(0)
        .setRebalanceTimeoutMs(TIMEOUT_MS)
        .setActiveTasks(List.of())
        .setStandbyTasks(List.of())
        .setWarmupTasks(List.of())
        .setProcessId("process")
        .setTopology(
            new StreamsGroupHeartbeatRequestData.Topology()
                .setSubtopologies(
                    List.of(
                        new StreamsGroupHeartbeatRequestData.Subtopology()
                            .setSubtopologyId("0")
                            .setSourceTopics(List.of(about.topic())))));
  }
}
