package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests of a group that are large, or that wait. */
class OffsetFetchTest {
  private static final short VERSION = 9;

  private TestBroker broker;
  private RawClient client;

  @BeforeEach
  void start() throws Exception {
    broker = TestBroker.startWithGroups(Map.of("offsets.commit.timeout.ms", "5000"));
    broker.createTopic("orders", 1);
    broker.startGroups();
    client = broker.connect();
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    broker.close();
  }

  private static RequestHeader commit(RawClient client, long offset) throws IOException {
    OffsetCommitRequestPartition partition =
        new OffsetCommitRequestPartition().setPartitionIndex(0).setCommittedOffset(offset);
    return client.send(
        new OffsetCommitRequestData()
            .setGroupId("0")
            .setTopics(
                List.of(
                    new OffsetCommitRequestTopic()
                        .setName("orders")
                        .setPartitions(List.of(partition)))),
        VERSION);
  }

  private static RequestHeader fetch(RawClient client, boolean stable, String... groups)
      throws IOException {
    List<OffsetFetchRequestGroup> asked = new ArrayList<>();
    for (String group : groups) {
      asked.add(new OffsetFetchRequestGroup().setGroupId(group).setTopics(null));
    }
    return client.send(
        new OffsetFetchRequestData().setRequireStable(stable).setGroups(asked), VERSION);
  }

  private static List<OffsetFetchResponseGroup> fetched(RawClient client, RequestHeader header)
      throws IOException {
    return ((OffsetFetchResponse) client.receive(header)).data().groups();
  }

  @Test
  void whatWaitedUntilTheLeaseWasGoneTellsNoOffset() throws Exception {
    client.receive(commit(client, 1));
    broker.lane.holdAcks();
    RequestHeader pending = commit(client, 2);
    try (RawClient waiting = broker.connect();
        RawClient other = broker.connect()) {
      RequestHeader stable = fetch(waiting, true, "0");
      fetched(other, fetch(other, false, "0")); // by now the one before waits for the commit
      broker.holdLease(false); // somebody else coordinates, and has answered later commits
      broker.lane.releaseAcks();
      assertThat(Errors.forCode(fetched(waiting, stable).get(0).errorCode()))
          .isEqualTo(Errors.NOT_COORDINATOR);
    }
    client.receive(pending);
  }

  @Test
  void aGroupIsToldOfOnceHoweverOftenItIsNamed() throws Exception {
    client.receive(commit(client, 7));
    List<OffsetFetchResponseGroup> groups = fetched(client, fetch(client, false, "0", "1", "0"));
    assertThat(groups)
        .extracting(group -> Errors.forCode(group.errorCode()))
        .containsExactly(Errors.NONE, Errors.NONE, Errors.INVALID_REQUEST);
    assertThat(groups.get(0).topics().get(0).partitions().get(0).committedOffset()).isEqualTo(7);
    assertThat(groups.get(2).topics()).isEmpty();
  }

  @Test
  void aMemberWhoseProtocolsNoGroupCouldKeepIsRefused() throws Exception {
    JoinGroupRequestData join =
        new JoinGroupRequestData()
            .setGroupId("large")
            .setSessionTimeoutMs(30_000)
            .setRebalanceTimeoutMs(30_000)
            .setProtocolType("consumer");
    join.protocols()
        .add(new JoinGroupRequestProtocol().setName("range").setMetadata(new byte[2 << 20]));
    JoinGroupResponse answer = (JoinGroupResponse) client.receive(client.send(join, (short) 3));
    assertThat(answer.error()).isEqualTo(Errors.INVALID_REQUEST);
  }
}
