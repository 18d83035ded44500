package io.sediment.frontend.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.HeldCommands;
import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionHandoff;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.DeleteTopics;
import io.sediment.metadata.DrainLane;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.message.ProduceResponseData.TopicProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.requests.ProduceResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProduceTest {
  private static final int TIMEOUT_MS = 30_000;

  private TestBroker broker;
  private RawClient client;
  private CompletableFuture<Integer> draining;

  @BeforeEach
  void start() throws Exception {
    broker = TestBroker.start();
    broker.createTopic("t", 2);
    client = broker.connect();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    broker.close();
  }

  private ProduceRequest request(int acks, int timeoutMs, ByteBuffer... batches) {
    return request(ApiKeys.PRODUCE.latestVersion(), acks, timeoutMs, broker.topic("t"), batches);
  }

  /** One batch per partition, from partition 0 on; null for none. */
  private static ProduceRequest request(
      int version, int acks, int timeoutMs, Topic topic, ByteBuffer... batches) {
    TopicProduceData data = new TopicProduceData().setName(topic.name());
    if (version >= 13) {
      data.setName("").setTopicId(TopicIds.kafkas(topic.id()));
    }
    for (int i = 0; i < batches.length; i++) {
      data.partitionData()
          .add(
              new PartitionProduceData()
                  .setIndex(i)
                  .setRecords(
                      batches[i] == null ? null : MemoryRecords.readableRecords(batches[i])));
    }
    ProduceRequestData request =
        new ProduceRequestData().setAcks((short) acks).setTimeoutMs(timeoutMs);
    request.topicData().add(data);
    return new ProduceRequest(request, (short) version);
  }

  private static List<PartitionProduceResponse> answers(Object response) {
    TopicProduceResponse topic = ((ProduceResponse) response).data().responses().iterator().next();
    return topic.partitionResponses();
  }

  private PartitionProduceResponse produce(ByteBuffer batch) throws IOException {
    return answers(client.call(request(-1, TIMEOUT_MS, batch))).get(0);
  }

  private static Errors errorOf(PartitionProduceResponse answer) {
    return Errors.forCode(answer.errorCode());
  }

  private long endOffset(int partition) {
    return broker.lane.endOffset(broker.partition("t", partition));
  }

  private static final LaneId OTHER_LANE = new LaneId(1);
  private static final int OTHER_BROKER = 1;

  /** Another broker, which appends to lane 1. */
  private void addBroker() {
    broker.metadata.accept(new RegisterBroker(OTHER_BROKER, new UUID(2, 2), "other", 9093, null));
    broker.metadata.accept(new RegisterLane(OTHER_LANE, OTHER_BROKER));
    broker.metadata.accept(
        new LaneOpened(
            OTHER_LANE,
            broker.metadata.accept(new OpenLane(OTHER_LANE, OTHER_BROKER, 1)),
            Map.of()));
  }

  /** Begins to hand partition 0 of the topic over to the other broker, and is not answered yet. */
  private HeldCommands beginHandoff() {
    HeldCommands commands = new HeldCommands(broker.metadata);
    PartitionLog log =
        ((LookUp.Found) broker.frontend.logs().find(broker.metadata.image(), "t", 0, -1)).log();
    handoff(commands).handOver(List.of(log), any -> OTHER_BROKER);
    return commands;
  }

  private PartitionHandoff handoff(ClusterMetadata commands) {
    return new PartitionHandoff(
        TestBroker.ID,
        1,
        commands,
        broker.frontend.logs(),
        new LaneId(0),
        1,
        () -> CompletableFuture.completedFuture(null),
        broker.scheduler);
  }

  /** Returns when what was sent before has been looked at. */
  private void awaitNetworkThreads() throws IOException {
    List<RawClient> others = new ArrayList<>();
    try {
      for (int thread = 0; thread < TestBroker.NETWORK_THREADS; thread++) {
        others.add(broker.connect()); // each to the next thread
      }
      // The second call comes to a thread after the first, and that after what was there before.
      for (int call = 0; call < 2; call++) {
        for (RawClient other : others) {
          other.call(new ApiVersionsRequest(new ApiVersionsRequestData(), (short) 0));
        }
      }
    } finally {
      for (RawClient other : others) {
        other.close();
      }
    }
  }

  @Test
  void aBatchForAPartitionThatIsBeingHandedOverIsAnsweredWithWhereItWent() throws IOException {
    addBroker();
    HeldCommands commands = beginHandoff();
    RequestHeader held = client.send(request(-1, TIMEOUT_MS, Batches.plain(1)));
    awaitNetworkThreads();
    assertThat(client.isKeptWaiting()).isTrue();

    commands.letGo();
    ProduceResponseData response = ((ProduceResponse) client.receive(held)).data();
    PartitionProduceResponse answer =
        response.responses().iterator().next().partitionResponses().get(0);
    assertThat(errorOf(answer)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    assertThat(answer.currentLeader().leaderId()).isEqualTo(OTHER_BROKER);
    assertThat(answer.currentLeader().leaderEpoch()).isEqualTo(1);
    assertThat(response.nodeEndpoints().find(OTHER_BROKER).port()).isEqualTo(9093);
    assertThat(endOffset(0)).isZero();
  }

  /** Begins to hand over everything; the moves are submitted and do not arrive yet. */
  private HeldCommands beginDraining() {
    addBroker();
    HeldCommands commands =
        new HeldCommands(broker.metadata, command -> command instanceof MovePartitions);
    draining = handoff(commands).drain();
    assertThat(draining).isNotDone();
    return commands;
  }

  @Test
  void whoProducesToABrokerThatLeavesIsSentAheadOfTheMove() throws IOException {
    HeldCommands commands = beginDraining();
    PartitionProduceResponse told = produce(Batches.plain(1));
    assertThat(errorOf(told)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    assertThat(told.currentLeader().leaderId()).isEqualTo(OTHER_BROKER);
    assertThat(told.currentLeader().leaderEpoch()).isEqualTo(1);
    assertThat(broker.metadata.image().lane(new LaneId(0)).state()).isEqualTo(Lane.State.DRAINING);

    commands.letGo();
    assertThat(Await.result(draining)).isEqualTo(2);
    assertThat(endOffset(0)).isZero();
  }

  @Test
  void whoCannotBeToldWhereToGoWaitsUntilMetadataSaysSo() throws IOException {
    HeldCommands commands = beginDraining();
    RequestHeader old =
        client.send(request(9, -1, TIMEOUT_MS, broker.topic("t"), Batches.plain(1)));
    try (RawClient withoutAnswers = broker.connect()) {
      withoutAnswers.send(request(0, TIMEOUT_MS, Batches.plain(1)));
      awaitNetworkThreads();
      assertThat(client.isKeptWaiting()).as("version 9").isTrue();
      assertThat(withoutAnswers.isKeptWaiting()).as("acks=0").isTrue();

      commands.letGo();
      assertThat(errorOf(answers(client.receive(old)).get(0)))
          .isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
      assertThat(withoutAnswers.isClosedByPeer()).isTrue();
    }
    assertThat(Await.result(draining)).isEqualTo(2);
    assertThat(endOffset(0)).isZero();
  }

  @Test
  void aHandoffThatDoesNotEndIsNotWaitedForLongerThanTheClientDoes() throws IOException {
    addBroker();
    beginHandoff();
    assertThat(errorOf(answers(client.call(request(-1, 50, Batches.plain(1)))).get(0)))
        .isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
  }

  @Test
  void aClientThatWasSentHereBeforeWeKnowThatWeLeadIsNotSentAway() throws IOException {
    addBroker();
    Topic topic = broker.topic("t");
    io.sediment.metadata.PartitionId id = new io.sediment.metadata.PartitionId(topic.id(), 0);
    broker.metadata.accept(
        new MovePartitions(
            new LaneId(0), 1, List.of(new MovePartitions.Move(id, 0, 0, OTHER_BROKER))));
    assertThat(errorOf(produce(Batches.plain(1)))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);

    broker.metadata.accept(new DrainLane(OTHER_LANE, 1, OTHER_BROKER, 1));
    RequestHeader early = client.send(request(-1, TIMEOUT_MS, Batches.plain(1)));
    broker.metadata.accept(
        new MovePartitions(
            OTHER_LANE, 1, List.of(new MovePartitions.Move(id, 1, 7, TestBroker.ID))));
    PartitionProduceResponse answer = answers(client.receive(early)).get(0);
    assertThat(errorOf(answer)).isEqualTo(Errors.NONE);
    assertThat(answer.baseOffset()).isEqualTo(7);
  }

  @Test
  void producerStateThatCannotBeReadIsAnErrorAndNotAWaitWithoutEnd() throws IOException {
    broker.lane.loseProducers();
    assertThat(errorOf(produce(Batches.idempotent(7, 0, 0, 5))))
        .isEqualTo(Errors.KAFKA_STORAGE_ERROR);
    assertThat(errorOf(produce(Batches.plain(1)))).as("others go on").isEqualTo(Errors.NONE);
  }

  @Test
  void moreReplicasThanThereAreAreNoReasonToRefuse() throws IOException {
    broker.createTopic("three", 1, Map.of(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, "3"));
    int version = ApiKeys.PRODUCE.latestVersion();
    for (int acks : new int[] {-1, 1}) {
      ProduceRequest request =
          request(version, acks, TIMEOUT_MS, broker.topic("three"), Batches.plain(1));
      assertThat(errorOf(answers(client.call(request)).get(0))).isEqualTo(Errors.NONE);
    }
    assertThat(broker.lane.endOffset(broker.partition("three", 0))).isEqualTo(2);
  }

  @Test
  void everyVersionAppends() throws IOException {
    long next = 0;
    for (short version : ApiKeys.PRODUCE.allVersions()) {
      PartitionProduceResponse answer =
          answers(
                  client.call(
                      request(version, -1, TIMEOUT_MS, broker.topic("t"), Batches.plain(2))))
              .get(0);
      assertThat(errorOf(answer)).as("version " + version).isEqualTo(Errors.NONE);
      assertThat(answer.baseOffset()).isEqualTo(next);
      next += 2;
    }
  }

  @Test
  void partitionsFailOneByOne() throws IOException {
    ByteBuffer bad = Batches.plain(1).putInt(RecordBatchLayout.CRC, 0);
    List<PartitionProduceResponse> answers =
        answers(
            client.call(request(-1, TIMEOUT_MS, bad, Batches.plain(3), Batches.plain(1), null)));
    assertThat(answers)
        .extracting(ProduceTest::errorOf)
        .containsExactly(
            Errors.CORRUPT_MESSAGE,
            Errors.NONE,
            Errors.UNKNOWN_TOPIC_OR_PARTITION,
            Errors.UNKNOWN_TOPIC_OR_PARTITION);
    assertThat(endOffset(0)).isZero();
    assertThat(endOffset(1)).isEqualTo(3);
  }

  @Test
  void aTopicMadeAnewIsAnotherTopic() throws IOException {
    ProduceRequest old = request(-1, TIMEOUT_MS, Batches.plain(1));
    broker.metadata.accept(new DeleteTopics(List.of(broker.topic("t").id())));
    assertThat(errorOf(answers(client.call(old)).get(0))).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
  }

  @Test
  void acksOtherThanKafkasAreRefused() throws IOException {
    assertThat(errorOf(answers(client.call(request(2, TIMEOUT_MS, Batches.plain(1)))).get(0)))
        .isEqualTo(Errors.INVALID_REQUIRED_ACKS);
    assertThat(endOffset(0)).isZero();
  }

  @Test
  void internalTopicsAreNotForClients() throws IOException {
    Topic internal = broker.createTopic("__consumer_offsets", 1);
    assertThat(
            errorOf(
                answers(client.call(request(12, -1, TIMEOUT_MS, internal, Batches.plain(1))))
                    .get(0)))
        .isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
  }

  @Test
  void nothingIsAnsweredBeforeItIsDurable() throws IOException {
    broker.lane.holdAcks();
    for (int acks : new int[] {-1, 1}) {
      long end = endOffset(0);
      RequestHeader header = client.send(request(acks, TIMEOUT_MS, Batches.plain(1)));
      Await.until("appended", () -> endOffset(0) == end + 1);
      assertThat(client.isKeptWaiting()).isTrue();
      broker.lane.ackAll();
      assertThat(errorOf(answers(client.receive(header)).get(0))).isEqualTo(Errors.NONE);
    }
  }

  @Test
  void aProducePastItsTimeoutIsAnsweredSo() throws IOException {
    broker.lane.holdAcks();
    PartitionProduceResponse answer =
        answers(client.call(request(-1, 50, Batches.plain(1)))).get(0);
    assertThat(errorOf(answer)).isEqualTo(Errors.REQUEST_TIMED_OUT);
    assertThat(answer.baseOffset()).isEqualTo(-1);
  }

  @Test
  void aRepeatedBatchWaitsForTheFirstOne() throws IOException {
    assertThat(errorOf(produce(Batches.idempotent(7, 0, 0, 5)))).isEqualTo(Errors.NONE);
    broker.lane.holdAcks();
    RequestHeader first = client.send(request(-1, TIMEOUT_MS, Batches.idempotent(7, 0, 5, 5)));
    try (RawClient retry = broker.connect()) {
      Await.until("appended", () -> endOffset(0) == 10);
      PartitionProduceResponse early =
          answers(retry.call(request(-1, 50, Batches.idempotent(7, 0, 5, 5)))).get(0);
      assertThat(errorOf(early)).as("not durable yet").isEqualTo(Errors.REQUEST_TIMED_OUT);
      RequestHeader again = retry.send(request(-1, TIMEOUT_MS, Batches.idempotent(7, 0, 5, 5)));
      RequestHeader known = retry.send(request(-1, TIMEOUT_MS, Batches.idempotent(7, 0, 0, 5)));
      broker.lane.ackAll();
      assertThat(answers(client.receive(first)).get(0).baseOffset()).isEqualTo(5);
      assertThat(answers(retry.receive(again)).get(0).baseOffset()).isEqualTo(5);
      assertThat(answers(retry.receive(known)).get(0).baseOffset()).isZero();
    }
    assertThat(endOffset(0)).isEqualTo(10);
  }

  @Test
  void gapsAndFencedProducersAreRefused() throws IOException {
    produce(Batches.idempotent(7, 3, 0, 5));
    assertThat(errorOf(produce(Batches.idempotent(7, 3, 9, 1))))
        .isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
    assertThat(errorOf(produce(Batches.idempotent(7, 2, 5, 1))))
        .isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
    assertThat(endOffset(0)).isEqualTo(5);
  }

  @Test
  void aLaneThatStopsFailsWhatWaitsAndWhatComes() throws IOException {
    broker.lane.holdAcks();
    RequestHeader waiting = client.send(request(-1, TIMEOUT_MS, Batches.plain(1)));
    Await.until("appended", () -> endOffset(0) == 1);
    broker.lane.halt();
    assertThat(errorOf(answers(client.receive(waiting)).get(0)))
        .isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    assertThat(errorOf(produce(Batches.plain(1)))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
  }

  @Test
  void aFullLaneIsWaitedForAndOrderIsKept() throws IOException {
    broker.lane.refuseAppends(true);
    List<RequestHeader> headers = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      headers.add(client.send(request(-1, TIMEOUT_MS, Batches.idempotent(7, 0, i * 2, 2))));
    }
    broker.lane.refuseAppends(false);
    for (int i = 0; i < 5; i++) {
      PartitionProduceResponse answer = answers(client.receive(headers.get(i))).get(0);
      assertThat(errorOf(answer)).isEqualTo(Errors.NONE);
      assertThat(answer.baseOffset()).isEqualTo(i * 2);
    }
  }

  @Test
  void whoWaitsForAFullLaneGoesOnWaitingWhenTheWallClockJumps() throws IOException {
    broker.lane.refuseAppends(true);
    RequestHeader waiting = client.send(request(-1, TIMEOUT_MS, Batches.plain(1)));
    for (int hours : new int[] {5, -10}) {
      broker.jumpAhead(Duration.ofHours(hours));
      for (int looks = 0; looks < 2; looks++) { // the first may have been under way
        broker.lane.refusedAppends();
        Await.until("it looks again", () -> broker.lane.refusedAppends() > 0);
      }
    }
    broker.lane.refuseAppends(false);
    assertThat(errorOf(answers(client.receive(waiting)).get(0))).isEqualTo(Errors.NONE);
  }

  @Test
  void aLaneThatStaysFullIsAnsweredWithinTheTimeout() throws IOException {
    broker.lane.refuseAppends(true);
    assertThat(errorOf(answers(client.call(request(-1, 50, Batches.plain(1)))).get(0)))
        .isEqualTo(Errors.REQUEST_TIMED_OUT);
    broker.lane.refuseAppends(false);
    assertThat(produce(Batches.plain(1)).baseOffset()).as("nothing was appended before").isZero();
  }

  @Test
  void withoutAcksThereIsNoAnswerAndAnErrorClosesTheConnection() throws IOException {
    client.send(request(0, TIMEOUT_MS, Batches.plain(2)));
    assertThat(produce(Batches.plain(1)).baseOffset()).isEqualTo(2);
    client.send(request(0, TIMEOUT_MS, Batches.plain(2).putInt(RecordBatchLayout.CRC, 0)));
    assertThat(client.isClosedByPeer()).isTrue();
    assertThat(endOffset(0)).isEqualTo(3);
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2, 3})
  void pipelinedBatchesKeepTheirOrderWhateverWorkTheyAre(long seed) throws IOException {
    Random random = new Random(seed);
    broker.createTopic("heavy", 1, Map.of(TopicConfig.COMPRESSION_TYPE_CONFIG, "lz4"));
    List<RequestHeader> headers = new ArrayList<>();
    List<Integer> counts = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int count = 1 + random.nextInt(20);
      Compression sent =
          random.nextBoolean() ? Compression.zstd().build() : Compression.lz4().build();
      ByteBuffer batch = Batches.of(sent, Batches.records(count, Batches.NOW_MS));
      counts.add(count);
      headers.add(client.send(request(13, -1, TIMEOUT_MS, broker.topic("heavy"), batch)));
    }
    long next = 0;
    for (int i = 0; i < headers.size(); i++) {
      PartitionProduceResponse answer = answers(client.receive(headers.get(i))).get(0);
      assertThat(errorOf(answer)).isEqualTo(Errors.NONE);
      assertThat(answer.baseOffset()).as("batch " + i).isEqualTo(next);
      next += counts.get(i);
    }
  }
}
