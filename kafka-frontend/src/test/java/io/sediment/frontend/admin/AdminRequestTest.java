package io.sediment.frontend.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.DeleteRecordsRequestData;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsPartition;
import org.apache.kafka.common.message.DeleteRecordsRequestData.DeleteRecordsTopic;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData;
import org.apache.kafka.common.message.DescribeTopicPartitionsRequestData.Cursor;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.MetadataRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderPartition;
import org.apache.kafka.common.message.OffsetForLeaderEpochRequestData.OffsetForLeaderTopic;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData.EpochEndOffset;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.CreateTopicsResponse;
import org.apache.kafka.common.requests.DeleteRecordsResponse;
import org.apache.kafka.common.requests.DescribeTopicPartitionsResponse;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.OffsetsForLeaderEpochResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests of administrators that Kafka's own client would not send. */
class AdminRequestTest {
  private static final byte TOPIC = ConfigResource.Type.TOPIC.id();

  private TestBroker broker;
  private RawClient client;

  @BeforeEach
  void start() throws Exception {
    broker = TestBroker.start();
    client = broker.connect();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    broker.close();
  }

  private AbstractResponse call(ApiMessage message) throws IOException {
    return client.receive(
        client.send(message, ApiKeys.forId(message.apiKey()).latestVersion(false)));
  }

  private Map<String, String> configs(String topic) {
    return broker.topic(topic).configs();
  }

  @Test
  void aTopicThatIsAskedForTwiceIsNotCreated() throws IOException {
    CreateTopicsRequestData request = new CreateTopicsRequestData();
    for (String name : List.of("twice", "once", "twice")) {
      request
          .topics()
          .mustAdd(
              new CreatableTopic()
                  .setName(name)
                  .setNumPartitions(1)
                  .setReplicationFactor((short) 1));
    }
    assertThat(call(request).errorCounts())
        .containsOnly(Map.entry(Errors.INVALID_REQUEST, 1), Map.entry(Errors.NONE, 1));
    assertThat(broker.metadata.image().topics()).extracting(Topic::name).containsExactly("once");
  }

  @Test
  void ofNamesThatCollideInOneRequestTheFirstIsCreated() throws IOException {
    CreateTopicsRequestData request = new CreateTopicsRequestData();
    for (String name : List.of("a.b", "a_b", "a-b")) {
      request
          .topics()
          .mustAdd(
              new CreatableTopic()
                  .setName(name)
                  .setNumPartitions(1)
                  .setReplicationFactor((short) 1));
    }
    CreateTopicsResponse response = (CreateTopicsResponse) call(request);
    assertThat(response.data().topics().find("a.b").errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(response.data().topics().find("a_b").errorCode())
        .isEqualTo(Errors.INVALID_TOPIC_EXCEPTION.code());
    assertThat(response.data().topics().find("a_b").errorMessage())
        .isEqualTo("Topic 'a_b' collides with existing topic: a.b");
    assertThat(broker.metadata.image().topics())
        .extracting(Topic::name)
        .containsExactlyInAnyOrder("a-b", "a.b");
  }

  @Test
  void moreNewPartitionsThanOneRequestMayAskForAreRefused() throws IOException {
    CreateTopicsRequestData request = new CreateTopicsRequestData();
    for (int i = 0; i < 200; i++) {
      request
          .topics()
          .add(
              new CreatableTopic()
                  .setName("many" + i)
                  .setNumPartitions(90_000)
                  .setReplicationFactor((short) 1));
    }
    assertThat(call(request).errorCounts()).containsOnlyKeys(Errors.POLICY_VIOLATION);
    assertThat(broker.metadata.image().topics()).isEmpty();
  }

  @Test
  void topicsGrowByNoMorePartitionsInOneRequestThanOneTopicMayHave() throws IOException {
    CreatePartitionsRequestData request = new CreatePartitionsRequestData();
    for (String name : List.of("a", "b")) {
      broker.createTopic(name, 1);
      request
          .topics()
          .add(new CreatePartitionsTopic().setName(name).setCount(90_000).setAssignments(null));
    }
    assertThat(call(request).errorCounts()).containsOnlyKeys(Errors.POLICY_VIOLATION);
    assertThat(broker.metadata.image().topics()).extracting(Topic::partitionCount).containsOnly(1);
  }

  @Test
  void aPartitionWhoseRecordsAreDeletedTwiceGetsTheHigherWish() throws IOException {
    broker.createTopic("t", 1);
    PartitionLog log = broker.frontend.logs().all().iterator().next();
    log.append(Batches.plain(4));
    Await.until("durable", () -> log.highWatermark() == 4);
    DeleteRecordsRequestData request = new DeleteRecordsRequestData().setTimeoutMs(1000);
    for (long to : new long[] {3, 1}) {
      request
          .topics()
          .add(
              new DeleteRecordsTopic()
                  .setName("t")
                  .setPartitions(List.of(new DeleteRecordsPartition().setOffset(to))));
    }
    DeleteRecordsResponse response = (DeleteRecordsResponse) call(request);
    assertThat(response.errorCounts()).containsOnlyKeys(Errors.NONE);
    assertThat(broker.topic("t").partitions().get(0).logStartOffset()).isEqualTo(3);
  }

  @Test
  void aProducerIdWithoutAnEpochIsRefused() throws IOException {
    InitProducerIdRequestData id = new InitProducerIdRequestData().setTransactionalId(null);
    assertThat(call(id).errorCounts()).containsOnlyKeys(Errors.NONE);
    assertThat(call(id.setProducerId(4711)).errorCounts()).containsOnlyKeys(Errors.INVALID_REQUEST);
    assertThat(call(id.setProducerEpoch((short) 1)).errorCounts()).containsOnlyKeys(Errors.NONE);
    assertThat(call(id.setProducerId(-1)).errorCounts()).containsOnlyKeys(Errors.INVALID_REQUEST);
  }

  @Test
  void replicasAreToldAsInMetadata() throws IOException {
    LaneId lane = new LaneId(1);
    long brokerEpoch =
        broker.metadata.accept(new RegisterBroker(1, new UUID(1, 1), "127.0.0.1", 1, null));
    broker.metadata.accept(new RegisterLane(lane, 1));
    long laneEpoch = broker.metadata.accept(new OpenLane(lane, 1, brokerEpoch));
    broker.metadata.accept(new LaneOpened(lane, laneEpoch, Map.of()));
    NewTopic two = new NewTopic(new UUID(7, 7), "two", 1, 2, List.of(0), Map.of());
    broker.metadata.accept(new CreateTopics(List.of(two))).get(0).valueOrThrow();
    assertThat(page(null, 1).topics().find("two").partitions().get(0).replicaNodes())
        .containsExactly(0, 1);
    MetadataResponse metadata = (MetadataResponse) call(new MetadataRequestData().setTopics(null));
    assertThat(metadata.data().topics().find("two").partitions().get(0).replicaNodes())
        .containsExactly(0, 1);
  }

  @Test
  void assignmentsNameAsManyBrokersForEachPartition() throws IOException {
    broker.metadata.accept(new RegisterBroker(1, new UUID(1, 1), "127.0.0.1", 1, null));
    CreateTopicsRequestData request = new CreateTopicsRequestData();
    CreatableTopic topic =
        new CreatableTopic()
            .setName("uneven")
            .setNumPartitions(-1)
            .setReplicationFactor((short) -1);
    for (int i = 0; i < 2; i++) {
      topic
          .assignments()
          .add(
              new CreateTopicsRequestData.CreatableReplicaAssignment()
                  .setPartitionIndex(i)
                  .setBrokerIds(i == 0 ? List.of(0, 1) : List.of(0)));
    }
    request.topics().add(topic);
    assertThat(call(request).errorCounts()).containsOnlyKeys(Errors.INVALID_REPLICA_ASSIGNMENT);
  }

  @Test
  void aTopicThatShallGrowTwiceDoesNotGrow() throws IOException {
    broker.createTopic("grow", 1);
    CreatePartitionsRequestData request = new CreatePartitionsRequestData();
    for (int count : List.of(2, 3)) {
      request
          .topics()
          .add(new CreatePartitionsTopic().setName("grow").setCount(count).setAssignments(null));
    }
    assertThat(call(request).errorCounts()).containsOnlyKeys(Errors.INVALID_REQUEST);
    assertThat(broker.topic("grow").partitionCount()).isEqualTo(1);
  }

  @Test
  void aDeletionNamesEachTopicOnceAndInOneWay() throws IOException {
    Topic topic = broker.createTopic("gone", 1);
    Uuid id = new Uuid(topic.id().getMostSignificantBits(), topic.id().getLeastSignificantBits());
    DeleteTopicsRequestData request = new DeleteTopicsRequestData();
    request.topics().add(new DeleteTopicState().setName("gone").setTopicId(id));
    request.topics().add(new DeleteTopicState().setName(null));
    assertThat(call(request).errorCounts()).containsOnly(Map.entry(Errors.INVALID_REQUEST, 2));
    assertThat(broker.metadata.image().topic("gone")).isNotNull();
  }

  @Test
  void aDeletionThatNamesATopicTwiceIsRefused() throws IOException {
    Topic topic = broker.createTopic("gone", 1);
    Uuid id = new Uuid(topic.id().getMostSignificantBits(), topic.id().getLeastSignificantBits());
    DeleteTopicsRequestData request = new DeleteTopicsRequestData();
    request.topics().add(new DeleteTopicState().setName("gone"));
    request.topics().add(new DeleteTopicState().setName(null).setTopicId(id));
    assertThat(call(request).errorCounts()).containsKey(Errors.INVALID_REQUEST);
  }

  private static AlterConfigsResource resource(String topic, String... keysAndValues) {
    AlterConfigsResource resource =
        new AlterConfigsResource().setResourceType(TOPIC).setResourceName(topic);
    for (int i = 0; i < keysAndValues.length; i += 2) {
      resource
          .configs()
          .add(new AlterableConfig().setName(keysAndValues[i]).setValue(keysAndValues[i + 1]));
    }
    return resource;
  }

  private Map<Errors, Integer> alter(boolean validateOnly, AlterConfigsResource... resources)
      throws IOException {
    AlterConfigsRequestData request = new AlterConfigsRequestData().setValidateOnly(validateOnly);
    request.resources().addAll(List.of(resources));
    return call(request).errorCounts();
  }

  @Test
  void theOlderAlterConfigsReplacesEverything() throws IOException {
    broker.createTopic("t", 1, Map.of("retention.ms", "1", "segment.ms", "2"));
    assertThat(alter(true, resource("t", "retention.ms", "3"))).containsOnlyKeys(Errors.NONE);
    assertThat(configs("t")).containsOnlyKeys("retention.ms", "segment.ms");
    assertThat(alter(false, resource("t", "retention.ms", "3"))).containsOnlyKeys(Errors.NONE);
    assertThat(configs("t")).isEqualTo(Map.of("retention.ms", "3"));
    assertThat(alter(false, resource("t", "retention.ms", "soon")))
        .containsOnlyKeys(Errors.INVALID_CONFIG);
    assertThat(alter(false, resource("t", "no.such", "1"))).containsOnlyKeys(Errors.INVALID_CONFIG);
    assertThat(alter(false, resource("t", "retention.ms", null)))
        .containsOnlyKeys(Errors.INVALID_REQUEST);
    assertThat(alter(false, resource("missing", "retention.ms", "1")))
        .containsOnlyKeys(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(configs("t")).isEqualTo(Map.of("retention.ms", "3"));
    assertThat(alter(false, resource("t"))).containsOnlyKeys(Errors.NONE);
    assertThat(configs("t")).isEmpty();
  }

  @Test
  void aConfigThatIsNamedTwiceIsNotAltered() throws IOException {
    broker.createTopic("t", 1);
    IncrementalAlterConfigsRequestData.AlterConfigsResource resource =
        new IncrementalAlterConfigsRequestData.AlterConfigsResource()
            .setResourceType(TOPIC)
            .setResourceName("t");
    for (byte operation : new byte[] {0, 1}) {
      resource
          .configs()
          .add(
              new IncrementalAlterConfigsRequestData.AlterableConfig()
                  .setName("retention.ms")
                  .setConfigOperation(operation)
                  .setValue("7"));
    }
    IncrementalAlterConfigsRequestData request = new IncrementalAlterConfigsRequestData();
    request.resources().add(resource);
    assertThat(call(request).errorCounts()).containsOnlyKeys(Errors.INVALID_REQUEST);
    resource.configs().clear();
    resource
        .configs()
        .add(
            new IncrementalAlterConfigsRequestData.AlterableConfig()
                .setName("retention.ms")
                .setConfigOperation((byte) 9)
                .setValue("7"));
    assertThat(call(request).errorCounts()).containsOnlyKeys(Errors.INVALID_REQUEST);
    assertThat(configs("t")).isEmpty();
  }

  @Test
  void topicPartitionsAreDescribedPageByPage() throws IOException {
    broker.createTopic("a", 3);
    broker.createTopic("b", 4);
    List<String> seen = new ArrayList<>();
    Cursor cursor = null;
    int pages = 0;
    do {
      DescribeTopicPartitionsResponseData page = page(cursor, 2);
      page.topics()
          .forEach(
              topic ->
                  topic
                      .partitions()
                      .forEach(p -> seen.add(topic.name() + "-" + p.partitionIndex())));
      var next = page.nextCursor();
      cursor =
          next == null
              ? null
              : new Cursor()
                  .setTopicName(next.topicName())
                  .setPartitionIndex(next.partitionIndex());
      pages++;
    } while (cursor != null);
    assertThat(seen).containsExactly("a-0", "a-1", "a-2", "b-0", "b-1", "b-2", "b-3");
    assertThat(pages).isEqualTo(4);
    assertThat(page(new Cursor().setTopicName("a").setPartitionIndex(Integer.MAX_VALUE), 100))
        .satisfies(
            past -> {
              assertThat(past.nextCursor()).isNull();
              assertThat(past.topics().find("b").partitions()).hasSize(4);
            });
  }

  private DescribeTopicPartitionsResponseData page(Cursor cursor, int limit) throws IOException {
    return ((DescribeTopicPartitionsResponse)
            call(
                new DescribeTopicPartitionsRequestData()
                    .setCursor(cursor)
                    .setResponsePartitionLimit(limit)))
        .data();
  }

  @Test
  void aNegativeCursorIsRefused() throws IOException {
    broker.createTopic("a", 3);
    DescribeTopicPartitionsRequestData request =
        new DescribeTopicPartitionsRequestData()
            .setCursor(new Cursor().setTopicName("a").setPartitionIndex(-1));
    request.topics().add(new DescribeTopicPartitionsRequestData.TopicRequest().setName("a"));
    assertThat(call(request).errorCounts()).containsOnlyKeys(Errors.INVALID_REQUEST);
  }

  @Test
  void endpointsOfControllersAreNotServed() throws IOException {
    assertThat(call(new DescribeClusterRequestData().setEndpointType((byte) 2)).errorCounts())
        .containsOnlyKeys(Errors.MISMATCHED_ENDPOINT_TYPE);
    assertThat(call(new DescribeClusterRequestData().setEndpointType((byte) 9)).errorCounts())
        .containsOnlyKeys(Errors.UNSUPPORTED_ENDPOINT_TYPE);
    assertThat(
            call(new ListConfigResourcesRequestData().setResourceTypes(List.of((byte) 77)))
                .errorCounts())
        .containsOnlyKeys(Errors.UNSUPPORTED_VERSION);
  }

  @Test
  void anEpochNobodyKnowsHasNoEnd() throws IOException {
    broker.createTopic("t", 1);
    broker.raiseLeaderEpochs();
    int current = broker.topic("t").partitions().get(0).leaderEpoch();
    assertThat(endOf(current, current).leaderEpoch()).isEqualTo(current);
    assertThat(endOf(current, current).endOffset()).isZero();
    for (int unknown : new int[] {current + 1, -1}) {
      EpochEndOffset end = endOf(current, unknown);
      assertThat(Errors.forCode(end.errorCode())).as("epoch " + unknown).isEqualTo(Errors.NONE);
      assertThat(end.leaderEpoch()).isEqualTo(-1);
      assertThat(end.endOffset()).isEqualTo(-1);
    }
    assertThat(Errors.forCode(endOf(current + 1, current).errorCode()))
        .isEqualTo(Errors.UNKNOWN_LEADER_EPOCH);
    assertThat(Errors.forCode(endOf(current - 1, current).errorCode()))
        .isEqualTo(Errors.FENCED_LEADER_EPOCH);
  }

  private EpochEndOffset endOf(int currentEpoch, int asked) throws IOException {
    OffsetForLeaderEpochRequestData request = new OffsetForLeaderEpochRequestData();
    request
        .topics()
        .add(
            new OffsetForLeaderTopic()
                .setTopic("t")
                .setPartitions(
                    List.of(
                        new OffsetForLeaderPartition()
                            .setPartition(0)
                            .setCurrentLeaderEpoch(currentEpoch)
                            .setLeaderEpoch(asked))));
    return ((OffsetsForLeaderEpochResponse) call(request))
        .data()
        .topics()
        .iterator()
        .next()
        .partitions()
        .get(0);
  }

  /**
   * Kafka's collections hash topics by names, which these have none of: an answer put together as
   * they come takes the cube of their number. So it does to read it, which is not done here.
   */
  @Test
  void manyIdsThatNobodyKnowsAreAnsweredSoon() throws IOException {
    int count = 20_000;
    MetadataRequestData asked = new MetadataRequestData();
    DeleteTopicsRequestData deleted = new DeleteTopicsRequestData();
    for (int i = 0; i < count; i++) {
      Uuid unknown = new Uuid(1, i);
      asked
          .topics()
          .add(new MetadataRequestData.MetadataRequestTopic().setName(null).setTopicId(unknown));
      deleted.topics().add(new DeleteTopicState().setName(null).setTopicId(unknown));
    }
    client.send(asked, ApiKeys.METADATA.latestVersion());
    assertThat(client.receiveFrame().remaining()).isGreaterThan(count * Long.BYTES * 2);
    client.send(deleted, ApiKeys.DELETE_TOPICS.latestVersion());
    assertThat(client.receiveFrame().remaining()).isGreaterThan(count * Long.BYTES * 2);
  }
}
