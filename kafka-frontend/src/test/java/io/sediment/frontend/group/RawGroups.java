package io.sediment.frontend.group;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import io.sediment.metadata.Topic;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData.SyncGroupRequestAssignment;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatResponse;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.apache.kafka.common.requests.RequestHeader;

/** One member of a group, or somebody outside of it, that says exactly what a test wants. */
final class RawGroups implements AutoCloseable {
  static final int SESSION_MS = 500;
  static final int REBALANCE_MS = 300_000; // far beyond what any test may take
  private static final String CONSUMER = "consumer";
  private static final short NAMED_OFFSETS = 9; // the last one in which topics have names

  private final Topic topic;
  private final String group;
  private final String instanceId;
  private final RawClient client;

  private String memberId = "";
  private int generation = -1;
  private int sessionMs = SESSION_MS;
  private List<String> assignors = List.of("range");
  private String protocolType = CONSUMER;
  private int saidBytes;

  /**
   * @param instanceId of a static member, or null
   */
  RawGroups(TestBroker broker, Topic topic, String group, String instanceId) throws IOException {
    this.topic = topic;
    this.group = group;
    this.instanceId = instanceId;
    this.client = broker.connect();
  }

  RawGroups withSession(int ms) {
    sessionMs = ms;
    return this;
  }

  RawGroups withAssignors(String type, String... names) {
    protocolType = type;
    assignors = List.of(names);
    return this;
  }

  /** Says so much more of itself when it joins. */
  RawGroups saying(int bytes) {
    saidBytes = bytes;
    return this;
  }

  RawGroups as(String member, int memberGeneration) {
    memberId = member;
    generation = memberGeneration;
    return this;
  }

  String memberId() {
    return memberId;
  }

  int generation() {
    return generation;
  }

  private AbstractResponse call(ApiMessage message, short version) throws IOException {
    return client.receive(client.send(message, version));
  }

  /** Of the whole or of the one thing it is about. */
  private static Errors only(AbstractResponse response) {
    return response.errorCounts().keySet().stream()
        .filter(error -> error != Errors.NONE)
        .findFirst()
        .orElse(Errors.NONE);
  }

  private static short latest(ApiKeys key) {
    return key.latestVersion();
  }

  // The classic protocol.

  RequestHeader sendJoin() throws IOException {
    JoinGroupRequestData join =
        new JoinGroupRequestData()
            .setGroupId(group)
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setSessionTimeoutMs(sessionMs)
            .setRebalanceTimeoutMs(REBALANCE_MS)
            .setProtocolType(protocolType);
    for (String assignor : assignors) {
      join.protocols()
          .add(
              new JoinGroupRequestProtocol()
                  .setName(assignor)
                  .setMetadata(
                      ConsumerProtocol.serializeSubscription(
                              new Subscription(
                                  List.of(topic.name()), ByteBuffer.allocate(saidBytes)))
                          .array()));
    }
    return client.send(join, latest(ApiKeys.JOIN_GROUP));
  }

  JoinGroupResponseData receiveJoin(RequestHeader header) throws IOException {
    JoinGroupResponseData answer = ((JoinGroupResponse) client.receive(header)).data();
    if (answer.errorCode() == Errors.NONE.code()
        || answer.errorCode() == Errors.MEMBER_ID_REQUIRED.code()) {
      memberId = answer.memberId();
      generation = answer.generationId();
    }
    return answer;
  }

  /** Joins, also where that takes the two steps of a member that is not static. */
  JoinGroupResponseData join() throws IOException {
    JoinGroupResponseData answer = receiveJoin(sendJoin());
    return answer.errorCode() == Errors.MEMBER_ID_REQUIRED.code()
        ? receiveJoin(sendJoin())
        : answer;
  }

  RequestHeader sendSync(String... members) throws IOException {
    return client.send(
        new SyncGroupRequestData()
            .setGroupId(group)
            .setMemberId(memberId)
            .setGroupInstanceId(instanceId)
            .setGenerationId(generation)
            .setProtocolType(CONSUMER)
            .setProtocolName("range")
            .setAssignments(
                List.of(members).stream()
                    .map(
                        member ->
                            new SyncGroupRequestAssignment()
                                .setMemberId(member)
                                .setAssignment(new byte[] {1}))
                    .toList()),
        latest(ApiKeys.SYNC_GROUP));
  }

  Errors receive(RequestHeader header) throws IOException {
    return only(client.receive(header));
  }

  Errors sync(String... members) throws IOException {
    return receive(sendSync(members));
  }

  Errors heartbeat() throws IOException {
    return only(
        call(
            new HeartbeatRequestData()
                .setGroupId(group)
                .setMemberId(memberId)
                .setGroupInstanceId(instanceId)
                .setGenerationId(generation),
            latest(ApiKeys.HEARTBEAT)));
  }

  Errors leave() throws IOException {
    return only(
        call(
            new LeaveGroupRequestData()
                .setGroupId(group)
                .setMembers(
                    List.of(
                        new LeaveGroupRequestData.MemberIdentity()
                            .setMemberId(memberId)
                            .setGroupInstanceId(instanceId))),
            latest(ApiKeys.LEAVE_GROUP)));
  }

  // The consumer protocol.

  ConsumerGroupHeartbeatResponseData consumerJoin(String assignor) throws IOException {
    memberId = Uuid.randomUuid().toString();
    return consumerHeartbeat(
        consumerRequest(0)
            .setRebalanceTimeoutMs(REBALANCE_MS)
            .setServerAssignor(assignor)
            .setSubscribedTopicNames(subscription())
            .setTopicPartitions(List.of()));
  }

  /** Names of some 100 bytes each. */
  private List<String> subscription() {
    List<String> names = new ArrayList<>();
    names.add(topic.name());
    for (int i = 0; i < saidBytes / 100; i++) {
      names.add("t".repeat(90) + i);
    }
    return names;
  }

  /**
   * @param owned partitions of the topic, or null for no change
   */
  ConsumerGroupHeartbeatResponseData consumerHeartbeat(int epoch, List<Integer> owned)
      throws IOException {
    ConsumerGroupHeartbeatRequestData request = consumerRequest(epoch);
    if (owned != null) {
      UUID id = topic.id();
      request.setTopicPartitions(
          List.of(
              new ConsumerGroupHeartbeatRequestData.TopicPartitions()
                  .setTopicId(new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits()))
                  .setPartitions(owned)));
    }
    return consumerHeartbeat(request);
  }

  private ConsumerGroupHeartbeatRequestData consumerRequest(int epoch) {
    return new ConsumerGroupHeartbeatRequestData()
        .setGroupId(group)
        .setMemberId(memberId)
        .setInstanceId(instanceId)
        .setMemberEpoch(epoch);
  }

  private ConsumerGroupHeartbeatResponseData consumerHeartbeat(
      ConsumerGroupHeartbeatRequestData request) throws IOException {
    ConsumerGroupHeartbeatResponseData answer =
        ((ConsumerGroupHeartbeatResponse) call(request, latest(ApiKeys.CONSUMER_GROUP_HEARTBEAT)))
            .data();
    if (answer.errorCode() == Errors.NONE.code()) {
      generation = answer.memberEpoch();
    }
    return answer;
  }

  // Offsets.

  Errors commit(long offset) throws IOException {
    return only(
        call(
            new OffsetCommitRequestData()
                .setGroupId(group)
                .setMemberId(memberId)
                .setGroupInstanceId(instanceId)
                .setGenerationIdOrMemberEpoch(generation)
                .setTopics(
                    List.of(
                        new OffsetCommitRequestTopic()
                            .setName(topic.name())
                            .setPartitions(
                                List.of(
                                    new OffsetCommitRequestPartition()
                                        .setCommittedOffset(offset))))),
            NAMED_OFFSETS));
  }

  OffsetFetchResponseGroup fetch() throws IOException {
    OffsetFetchRequestData request =
        new OffsetFetchRequestData()
            .setGroups(
                List.of(
                    new OffsetFetchRequestGroup()
                        .setGroupId(group)
                        .setTopics(
                            List.of(
                                new OffsetFetchRequestTopics()
                                    .setName(topic.name())
                                    .setPartitionIndexes(List.of(0))))));
    return ((OffsetFetchResponse) call(request, NAMED_OFFSETS)).data().groups().get(0);
  }

  @Override
  public void close() throws IOException {
    client.close();
  }
}
