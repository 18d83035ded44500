package io.sediment.frontend.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.HeldCommands;
import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.partition.LookUp;
import io.sediment.frontend.partition.PartitionHandoff;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.DeleteTopics;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FetchTest {
  private static final int LONG_WAIT_MS = 60_000;
  private static final int PLENTY = 1 << 20;
  private static final int FIRST_EPOCH = 0;

  private TestBroker broker;
  private RawClient client;

  @BeforeEach
  void start() throws Exception {
    broker = TestBroker.start();
    broker.createTopic("t", 3);
    client = broker.connect();
  }

  @AfterEach
  void everySliceComesBack() throws IOException {
    client.close();
    broker.close();
    Await.until("slices are closed", () -> broker.lane.slicesOut() == 0);
  }

  private void append(int partition, int records) {
    append(partition, Batches.plain(records));
  }

  private void append(int partition, ByteBuffer batch) {
    PartitionId id = broker.partition("t", partition);
    broker.frontend.logs().all().stream()
        .filter(log -> log.id().equals(id))
        .findFirst()
        .orElseThrow()
        .append(batch);
    Await.until("durable", () -> log(id) == broker.lane.endOffset(id));
  }

  private long log(PartitionId id) {
    return broker.frontend.logs().all().stream()
        .filter(log -> log.id().equals(id))
        .findFirst()
        .orElseThrow()
        .highWatermark();
  }

  private static FetchRequestData.FetchPartition from(int partition, long offset) {
    return new FetchRequestData.FetchPartition()
        .setPartition(partition)
        .setFetchOffset(offset)
        .setPartitionMaxBytes(PLENTY);
  }

  private FetchRequestData data(FetchRequestData.FetchPartition... partitions) {
    FetchRequestData data =
        new FetchRequestData().setMinBytes(1).setMaxBytes(PLENTY).setMaxWaitMs(0);
    if (partitions.length > 0) {
      data.topics()
          .add(
              new FetchTopic()
                  .setTopic("t")
                  .setTopicId(TopicIds.kafkas(broker.topic("t").id()))
                  .setPartitions(List.of(partitions)));
    }
    return data;
  }

  private static FetchRequest latest(FetchRequestData data) {
    return new FetchRequest(data, ApiKeys.FETCH.latestVersion());
  }

  private FetchResponseData fetch(FetchRequestData data) throws IOException {
    return ((FetchResponse) client.call(latest(data))).data();
  }

  private static List<PartitionData> partitions(FetchResponseData response) {
    List<PartitionData> all = new ArrayList<>();
    response.responses().forEach(topic -> all.addAll(topic.partitions()));
    return all;
  }

  private static PartitionData partition(FetchResponseData response, int index) {
    return partitions(response).stream()
        .filter(data -> data.partitionIndex() == index)
        .findFirst()
        .orElseThrow();
  }

  private static PartitionData only(FetchResponseData response) {
    assertThat(partitions(response)).hasSize(1);
    return partitions(response).get(0);
  }

  private static List<Long> offsets(PartitionData data) {
    List<Long> offsets = new ArrayList<>();
    ((MemoryRecords) data.records()).records().forEach(record -> offsets.add(record.offset()));
    return offsets;
  }

  private static Errors errorOf(PartitionData data) {
    return Errors.forCode(data.errorCode());
  }

  @Test
  void everyVersionReadsWhatIsThere() throws IOException {
    append(0, 3);
    append(0, 2);
    for (short version : ApiKeys.FETCH.allVersions()) {
      FetchResponse response =
          (FetchResponse) client.call(new FetchRequest(data(from(0, 3)), version));
      PartitionData data = only(response.data());
      assertThat(offsets(data)).as("version " + version).containsExactly(3L, 4L);
      assertThat(data.highWatermark()).isEqualTo(5);
      assertThat(data.lastStableOffset()).isEqualTo(5);
    }
  }

  @Test
  void offsetsOutsideTheLogAreRefusedAndItsEndIsNot() throws IOException {
    append(0, 3);
    assertThat(errorOf(only(fetch(data(from(0, 4)))))).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
    assertThat(errorOf(only(fetch(data(from(0, -1)))))).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
    assertThat(errorOf(only(fetch(data(from(0, 3)))))).isEqualTo(Errors.NONE);
    assertThat(errorOf(only(fetch(data(from(9, 0)))))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
  }

  @Test
  void anIdOfNothingButZerosIsAnUnknownId() throws IOException {
    FetchRequestData data = data(from(0, 0));
    data.topics().get(0).setTopicId(Uuid.ZERO_UUID);
    assertThat(errorOf(only(fetch(data)))).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
  }

  @Test
  void leaderEpochsAreCompared() throws IOException {
    FetchRequestData data = data(from(0, 0).setCurrentLeaderEpoch(5));
    assertThat(errorOf(only(fetch(data)))).isEqualTo(Errors.UNKNOWN_LEADER_EPOCH);
    data = data(from(0, 0).setCurrentLeaderEpoch(0));
    assertThat(errorOf(only(fetch(data)))).isEqualTo(Errors.NONE);
  }

  @Test
  void aFencedEpochIsAnsweredInEveryVersionThatNamesOne() throws IOException {
    broker.raiseLeaderEpochs();
    for (short version = 9; version <= ApiKeys.FETCH.latestVersion(); version++) {
      FetchRequestData data = data(from(0, 0).setCurrentLeaderEpoch(0));
      FetchResponse response = (FetchResponse) client.call(new FetchRequest(data, version));
      assertThat(errorOf(only(response.data()))).isEqualTo(Errors.FENCED_LEADER_EPOCH);
    }
  }

  @Test
  void limitsCutBetweenBatchesAndNeverTearTheFirst() throws IOException {
    for (int i = 0; i < 4; i++) {
      append(0, Batches.of(Compression.NONE, new SimpleRecord(new byte[1000])));
      append(1, Batches.of(Compression.NONE, new SimpleRecord(new byte[1000])));
    }
    FetchRequestData tiny = data(from(0, 0), from(1, 0)).setMaxBytes(10);
    List<PartitionData> answers = partitions(fetch(tiny));
    assertThat(offsets(answers.get(0))).containsExactly(0L);
    assertThat(offsets(answers.get(1))).isEmpty();

    FetchRequestData three = data(from(0, 0), from(1, 0)).setMaxBytes(3500);
    answers = partitions(fetch(three));
    assertThat(offsets(answers.get(0)).size() + offsets(answers.get(1)).size()).isEqualTo(3);

    FetchRequestData perPartition =
        data(from(0, 0).setPartitionMaxBytes(2500), from(1, 1).setPartitionMaxBytes(1500));
    answers = partitions(fetch(perPartition));
    assertThat(offsets(answers.get(0))).containsExactly(0L, 1L);
    assertThat(offsets(answers.get(1))).containsExactly(1L);

    FetchRequestData nothingFits =
        data(from(0, 0).setPartitionMaxBytes(0), from(1, 0).setPartitionMaxBytes(0));
    answers = partitions(fetch(nothingFits));
    assertThat(offsets(answers.get(0))).containsExactly(0L);
  }

  @Test
  void aLongPollWakesWhenEnoughIsDurableAndNotBefore() throws IOException {
    FetchRequestData data = data(from(0, 0), from(1, 0)).setMaxWaitMs(LONG_WAIT_MS);
    RequestHeader waiting = client.send(latest(data));
    append(1, 2);
    FetchResponseData response = ((FetchResponse) client.receive(waiting)).data();
    assertThat(offsets(partition(response, 1))).containsExactly(0L, 1L);

    int one = Batches.plain(1).remaining();
    data = data(from(0, 0), from(1, 2)).setMaxWaitMs(LONG_WAIT_MS).setMinBytes(3 * one);
    waiting = client.send(latest(data));
    append(0, 1);
    append(1, 1);
    append(0, 1);
    response = ((FetchResponse) client.receive(waiting)).data();
    assertThat(offsets(partition(response, 0))).containsExactly(0L, 1L);
    assertThat(offsets(partition(response, 1))).containsExactly(2L);
  }

  @Test
  void aLongPollEndsWhenItsTimeIsUpOrItsTopicIsGone() throws IOException {
    assertThat(offsets(only(fetch(data(from(0, 0)).setMaxWaitMs(20))))).isEmpty();
    RequestHeader waiting = client.send(latest(data(from(0, 0)).setMaxWaitMs(LONG_WAIT_MS)));
    try (RawClient other = broker.connect()) {
      // The other request proves that the first has been looked at: both meet the same partition.
      other.call(latest(data(from(0, 0)).setMaxWaitMs(20)));
    }
    broker.metadata.accept(new DeleteTopics(List.of(broker.topic("t").id())));
    assertThat(errorOf(only(((FetchResponse) client.receive(waiting)).data())))
        .isEqualTo(Errors.UNKNOWN_TOPIC_ID);
  }

  @Test
  void recordsThatAreNotDurableAreNotSeen() throws IOException {
    append(0, 1);
    broker.lane.holdAcks();
    PartitionId id = broker.partition("t", 0);
    broker.frontend.logs().all().stream()
        .filter(log -> log.id().equals(id))
        .forEach(log -> log.append(Batches.plain(5)));
    assertThat(offsets(only(fetch(data(from(0, 0)))))).containsExactly(0L);
    assertThat(only(fetch(data(from(0, 1)))).highWatermark()).isEqualTo(1);
    assertThat(errorOf(only(fetch(data(from(0, 4)))))).as("appended").isEqualTo(Errors.NONE);
    broker.lane.ackAll();
    assertThat(only(fetch(data(from(0, 1)))).highWatermark()).isEqualTo(6);
  }

  // Sessions.

  private FetchRequestData inSession(FetchRequestData data, int id, int epoch) {
    return data.setSessionId(id).setSessionEpoch(epoch);
  }

  private int newSession(FetchRequestData.FetchPartition... partitions) throws IOException {
    FetchResponseData response = fetch(inSession(data(partitions), 0, FIRST_EPOCH));
    assertThat(response.sessionId()).isNotZero();
    return response.sessionId();
  }

  @Test
  void aSessionAnswersOnlyWhatIsNew() throws IOException {
    int session = newSession(from(0, 0), from(1, 0), from(2, 0));
    assertThat(partitions(fetch(inSession(data(), session, 1)))).isEmpty();
    append(1, 2);
    FetchResponseData response = fetch(inSession(data().setMaxWaitMs(LONG_WAIT_MS), session, 2));
    assertThat(only(response).partitionIndex()).isEqualTo(1);
    assertThat(offsets(only(response))).containsExactly(0L, 1L);
    // Not asked for another offset: the same records again.
    assertThat(offsets(only(fetch(inSession(data(), session, 3))))).containsExactly(0L, 1L);
    assertThat(partitions(fetch(inSession(data(from(1, 2)), session, 4)))).isEmpty();

    FetchRequestData forget = inSession(data(from(0, 0)), session, 5);
    forget
        .forgottenTopicsData()
        .add(
            new ForgottenTopic()
                .setTopicId(TopicIds.kafkas(broker.topic("t").id()))
                .setPartitions(List.of(1)));
    assertThat(partitions(fetch(forget))).isEmpty();
    append(1, 1);
    append(2, 1);
    FetchRequestData rest = inSession(data().setMaxWaitMs(LONG_WAIT_MS), session, 6);
    assertThat(only(fetch(rest)).partitionIndex()).isEqualTo(2);
  }

  @Test
  void aSessionWaitsForAnyOfItsPartitions() throws IOException {
    int session = newSession(from(0, 0), from(1, 0), from(2, 0));
    for (int i = 0; i < 10; i++) {
      int busy = i % 3;
      FetchRequestData wait = inSession(data(), session, i + 1).setMaxWaitMs(LONG_WAIT_MS);
      if (i > 0) {
        wait.topics().addAll(data(from((i - 1) % 3, (i - 1) / 3 + 1)).topics());
      }
      RequestHeader waiting = client.send(latest(wait));
      append(busy, 1);
      PartitionData woken = only(((FetchResponse) client.receive(waiting)).data());
      assertThat(woken.partitionIndex()).isEqualTo(busy);
      assertThat(offsets(woken)).containsExactly((long) (i / 3));
    }
  }

  @Test
  void aSessionServesItsPartitionsInACircleWhateverOrderTheyAreNamedIn() throws IOException {
    for (int partition = 0; partition < 3; partition++) {
      append(partition, 1);
      append(partition, 1);
    }
    FetchRequestData oneAtATime =
        inSession(data(from(2, 0), from(0, 0), from(1, 0)).setMaxBytes(1), 0, 0);
    FetchResponseData first = fetch(oneAtATime);
    int id = first.sessionId();
    List<Integer> served = new ArrayList<>(withRecords(first));
    for (int epoch = 1; epoch <= 3; epoch++) { // nobody moves on: each still has its turn
      served.addAll(withRecords(fetch(inSession(data().setMaxBytes(1), id, epoch))));
    }
    assertThat(served).containsExactly(0, 1, 2, 0);

    FetchRequestData withoutSession = data(from(2, 0), from(0, 0), from(1, 0)).setMaxBytes(1);
    assertThat(withRecords(fetch(inSession(withoutSession, 0, -1)))).containsExactly(2);
  }

  private static List<Integer> withRecords(FetchResponseData response) {
    return partitions(response).stream()
        .filter(data -> data.records().sizeInBytes() > 0)
        .map(PartitionData::partitionIndex)
        .toList();
  }

  @Test
  void aBatchOverItsLimitHasItsTurnInASessionWhoseOtherPartitionsAreBusy() throws IOException {
    append(0, 1);
    append(1, Batches.of(Compression.NONE, new SimpleRecord(new byte[5000])));
    append(2, 1);
    FetchRequestData all = data(from(0, 0), from(1, 0).setPartitionMaxBytes(1000), from(2, 0));
    FetchResponseData first = fetch(inSession(all, 0, 0));
    assertThat(withRecords(first)).containsExactly(0, 2);
    assertThat(withRecords(fetch(inSession(data(), first.sessionId(), 1)))).startsWith(1);
  }

  @Test
  void wrongSessionsAndEpochsAreRefused() throws IOException {
    int session = newSession(from(0, 0));
    assertThat(fetch(inSession(data(), 4711, 1)).errorCode())
        .isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND.code());
    assertThat(fetch(inSession(data(), session, 2)).errorCode())
        .isEqualTo(Errors.INVALID_FETCH_SESSION_EPOCH.code());
    FetchResponse byName =
        (FetchResponse) client.call(new FetchRequest(inSession(data(), session, 1), (short) 12));
    assertThat(byName.data().errorCode()).isEqualTo(Errors.FETCH_SESSION_TOPIC_ID_ERROR.code());
    assertThat(fetch(inSession(data(), session, 1)).errorCode()).isEqualTo(Errors.NONE.code());
    assertThat(fetch(inSession(data(from(0, 0)), session, -1)).sessionId()).isZero();
    assertThat(fetch(inSession(data(), session, 2)).errorCode())
        .isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND.code());
  }

  @Test
  void aSessionNoticesThatItsTopicWasMadeAnew() throws IOException {
    int session = newSession(from(0, 0));
    Topic old = broker.topic("t");
    broker.metadata.accept(new DeleteTopics(List.of(old.id())));
    PartitionData gone = only(fetch(inSession(data0(), session, 1).setMaxWaitMs(LONG_WAIT_MS)));
    assertThat(errorOf(gone)).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
  }

  /** Like {@code data()}, when the topic is gone. */
  private static FetchRequestData data0() {
    return new FetchRequestData().setMinBytes(1).setMaxBytes(PLENTY);
  }

  // Slow reads and slow clients.

  @Test
  void readsBehindTheFirstRunSideBySideAndNoneHoldsAnybodyElseUp() throws Exception {
    append(0, 1);
    append(1, 1);
    append(2, 1);
    BlockingQueue<Runnable> store = new LinkedBlockingQueue<>();
    broker.lane.readOn(store::add);
    RequestHeader slow =
        client.send(latest(data(from(0, 0), from(1, 0), from(2, 0)).setMaxBytes(8 * PLENTY)));
    Await.until("the first is asked for", () -> store.size() == 1);
    try (RawClient other = broker.connect()) {
      broker.lane.readOn(Runnable::run);
      assertThat(offsets(only(((FetchResponse) other.call(latest(data(from(0, 0))))).data())))
          .containsExactly(0L);
    }
    assertThat(store).as("only the first may wait for memory, so it is alone").hasSize(1);
    broker.lane.readOn(store::add);
    store.remove().run();
    Await.until("the others are asked for", () -> store.size() == 2);
    List<Runnable> reads = List.copyOf(store);
    reads.get(1).run();
    reads.get(0).run();
    for (PartitionData answer : partitions(((FetchResponse) client.receive(slow)).data())) {
      assertThat(offsets(answer)).containsExactly(0L);
    }
  }

  @Test
  void aClientThatDoesNotReadItsAnswersHoldsNobodyElseUp() throws Exception {
    byte[] value = new byte[500_000];
    for (int i = 0; i < 20; i++) {
      append(0, Batches.of(Compression.NONE, new SimpleRecord(value)));
    }
    FetchRequestData all = data(from(0, 0).setPartitionMaxBytes(20 << 20)).setMaxBytes(20 << 20);
    try (RawClient stalled = broker.connect()) {
      for (int i = 0; i < 20; i++) {
        stalled.send(latest(all));
      }
      Await.until("an answer is stuck", () -> broker.lane.slicesOut() > 0);
      for (int i = 0; i < 3; i++) {
        assertThat(offsets(only(fetch(data(from(0, 19)))))).containsExactly(19L);
      }
      assertThat(broker.lane.slicesOut()).as("answers pinned for one client").isLessThan(3);
    }
  }

  @Test
  void whoIsAheadOfALogThatWasHandedOverIsSentToItsNextLeader() throws IOException {
    append(0, 3);
    assertThat(errorOf(only(fetch(data(from(0, 5)))))).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
    PartitionLog log =
        ((LookUp.Found) broker.frontend.logs().find(broker.metadata.image(), "t", 0, -1)).log();
    new PartitionHandoff(
            TestBroker.ID,
            1,
            new HeldCommands(broker.metadata),
            broker.frontend.logs(),
            new LaneId(0),
            1,
            () -> CompletableFuture.completedFuture(null),
            broker.scheduler)
        .handOver(List.of(log), any -> 1);

    // The next leader, of whom this broker has not heard, has appended two more.
    assertThat(errorOf(only(fetch(data(from(0, 5)))))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    FetchRequestData.FetchPartition ofTheNextEpoch = from(0, 3).setLastFetchedEpoch(1);
    assertThat(errorOf(only(fetch(data(ofTheNextEpoch))))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    assertThat(errorOf(only(fetch(data(from(0, 0)))))).as("what it has").isEqualTo(Errors.NONE);
  }
}
