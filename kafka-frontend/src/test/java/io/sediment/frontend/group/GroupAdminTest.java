package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.handler.TopicIds;
import io.sediment.frontend.net.LogLines;
import io.sediment.frontend.net.RawClient;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.apache.kafka.coordinator.group.GroupCoordinatorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What administrators see of groups and may do to them, also while members are at work. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class GroupAdminTest {
  private static final int SESSION_MS = 60_000;
  private static final int HEARTBEAT_MS = 7_000;
  private static final short BY_ID = 10; // offsets, from here on
  private static final short DELETE = 2;
  private static final short HEARTBEAT = 4;

  private TestBroker broker;
  private Topic topic;
  private Admin admin;
  private final List<RawGroups> members = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    broker = TestBroker.startWithGroups(Map.of());
    topic = broker.createTopic("orders", 2);
    admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()));
  }

  @AfterEach
  void stop() throws IOException {
    admin.close();
    for (RawGroups member : members) {
      member.close();
    }
    broker.close();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  private RawGroups member(String group, String protocol) throws IOException {
    RawGroups member = new RawGroups(broker, topic, group, null).withSession(SESSION_MS);
    members.add(member);
    if (protocol.equals("classic")) {
      assertThat(member.join().errorCode()).isEqualTo(Errors.NONE.code());
      assertThat(member.sync(member.memberId())).isEqualTo(Errors.NONE);
    } else {
      assertThat(member.consumerJoin("uniform").errorCode()).isEqualTo(Errors.NONE.code());
    }
    return member;
  }

  private void setHeartbeat(String group, int ms) throws Exception {
    ConfigEntry heartbeat = new ConfigEntry("consumer.heartbeat.interval.ms", Integer.toString(ms));
    admin
        .incrementalAlterConfigs(
            Map.of(
                new ConfigResource(ConfigResource.Type.GROUP, group),
                List.of(new AlterConfigOp(heartbeat, OpType.SET))))
        .all()
        .get();
  }

  @Test
  void configsOfAGroupAreInForceFromTheBeginningAndWhenTheyChange() throws Exception {
    setHeartbeat("g", HEARTBEAT_MS); // before there is a coordinator
    broker.startGroups();
    RawGroups member = new RawGroups(broker, topic, "g", null);
    members.add(member);
    assertThat(member.consumerJoin("uniform").heartbeatIntervalMs()).isEqualTo(HEARTBEAT_MS);
    setHeartbeat("g", HEARTBEAT_MS + 1);
    Await.until(
        "the member is told",
        () -> {
          try {
            return member.consumerHeartbeat(member.generation(), null).heartbeatIntervalMs()
                == HEARTBEAT_MS + 1;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"classic", "consumer"})
  void nothingIsTakenFromAGroupThatIsAtWork(String protocol) throws Exception {
    broker.startGroups();
    RawGroups member = member("g", protocol);
    assertThat(member.commit(7)).isEqualTo(Errors.NONE);
    TopicPartition partition = new TopicPartition(topic.name(), 0);
    assertThatThrownBy(() -> admin.deleteConsumerGroups(List.of("g")).all().get())
        .hasCauseInstanceOf(GroupNotEmptyException.class);
    assertThatThrownBy(() -> admin.deleteConsumerGroupOffsets("g", Set.of(partition)).all().get())
        .hasCauseInstanceOf(GroupSubscribedToTopicException.class);
    Map<TopicPartition, OffsetAndMetadata> back = Map.of(partition, new OffsetAndMetadata(1));
    assertThatThrownBy(() -> admin.alterConsumerGroupOffsets("g", back).all().get())
        .hasCauseInstanceOf(UnknownMemberIdException.class);
    assertThat(member.fetch().topics().get(0).partitions().get(0).committedOffset()).isEqualTo(7);
  }

  @Test
  void groupsOfOtherCoordinatorsAreNotDeletedAndCostNoLogLines() throws Exception {
    broker.startGroups();
    List<String> names = IntStream.range(0, 1_000).mapToObj(i -> "none-" + i).toList();
    DeleteGroupsRequestData request = new DeleteGroupsRequestData().setGroupsNames(names);
    try (RawClient client = broker.connect();
        LogLines lines = LogLines.of(GroupCoordinatorService.class)) {
      assertThat(client.receive(client.send(request, DELETE)).errorCounts())
          .isEqualTo(Map.of(Errors.GROUP_ID_NOT_FOUND, names.size()));
      broker.loseLane();
      Await.until("nothing is coordinated here", () -> refusesHeartbeats(client));
      assertThat(client.receive(client.send(request, DELETE)).errorCounts())
          .isEqualTo(Map.of(Errors.NOT_COORDINATOR, names.size()));
      assertThat(lines.all()).isEmpty();
    }
  }

  /** For groups of all partitions. */
  private static boolean refusesHeartbeats(RawClient client) {
    return Stream.of("0", "1", "2", "3")
        .allMatch(
            group -> {
              HeartbeatRequestData heartbeat =
                  new HeartbeatRequestData().setGroupId(group).setMemberId("nobody");
              try {
                return client
                    .receive(client.send(heartbeat, HEARTBEAT))
                    .errorCounts()
                    .containsKey(Errors.NOT_COORDINATOR);
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  private List<String> listed(ListGroupsOptions options) throws Exception {
    return admin.listGroups(options).all().get().stream().map(GroupListing::groupId).toList();
  }

  @Test
  void groupsAreListedByStateAndType() throws Exception {
    broker.startGroups();
    member("classic", "classic");
    member("consumer", "consumer");
    RawGroups simple = new RawGroups(broker, topic, "empty", null);
    members.add(simple);
    assertThat(simple.commit(1)).isEqualTo(Errors.NONE);

    assertThat(listed(new ListGroupsOptions()))
        .containsExactlyInAnyOrder("classic", "consumer", "empty");
    assertThat(listed(new ListGroupsOptions().withTypes(Set.of(GroupType.CONSUMER))))
        .containsExactly("consumer");
    assertThat(listed(new ListGroupsOptions().withTypes(Set.of(GroupType.CLASSIC))))
        .containsExactlyInAnyOrder("classic", "empty");
    assertThat(listed(new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))))
        .containsExactly("empty");
    assertThat(listed(new ListGroupsOptions().inGroupStates(Set.of(GroupState.DEAD)))).isEmpty();
  }

  @Test
  void topicsAndPartitionsThatAreNotThereAreAnsweredOneByOne() throws Exception {
    broker.startGroups();
    Uuid id = TopicIds.kafkas(topic.id());
    Uuid unknown = new Uuid(9, 9);
    OffsetCommitRequestData commit =
        new OffsetCommitRequestData()
            .setGroupId("") // as simple consumers of old have it
            .setTopics(List.of(commitOf(id, 0, 99), commitOf(unknown, 0)));
    OffsetFetchRequestData fetch =
        new OffsetFetchRequestData()
            .setGroups(
                List.of(
                    new OffsetFetchRequestGroup()
                        .setGroupId("")
                        .setTopics(List.of(fetchOf(id), fetchOf(unknown)))));
    try (RawClient client = broker.connect()) {
      assertThat(client.receive(client.send(commit, BY_ID)).errorCounts())
          .isEqualTo(
              Map.of(
                  Errors.NONE, 1,
                  Errors.UNKNOWN_TOPIC_OR_PARTITION, 1,
                  Errors.UNKNOWN_TOPIC_ID, 1));
      OffsetFetchResponse answer = (OffsetFetchResponse) client.receive(client.send(fetch, BY_ID));
      assertThat(answer.data().groups().get(0).topics())
          .satisfiesExactly(
              known -> {
                assertThat(known.topicId()).isEqualTo(id);
                assertThat(known.partitions().get(0).committedOffset()).isEqualTo(5);
              },
              none -> {
                assertThat(none.topicId()).isEqualTo(unknown);
                assertThat(none.partitions().get(0).errorCode())
                    .isEqualTo(Errors.UNKNOWN_TOPIC_ID.code());
              });
    }
  }

  private static OffsetCommitRequestTopic commitOf(Uuid topicId, int... partitions) {
    OffsetCommitRequestTopic commit = new OffsetCommitRequestTopic().setTopicId(topicId);
    for (int partition : partitions) {
      commit
          .partitions()
          .add(
              new OffsetCommitRequestPartition()
                  .setPartitionIndex(partition)
                  .setCommittedOffset(5));
    }
    return commit;
  }

  private static OffsetFetchRequestTopics fetchOf(Uuid topicId) {
    return new OffsetFetchRequestTopics().setTopicId(topicId).setPartitionIndexes(List.of(0));
  }
}
