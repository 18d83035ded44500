package io.sediment.frontend.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.partition.DurabilityWatcher;
import io.sediment.frontend.partition.ReadableLog;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.BatchSlices;
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
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.FetchTopic;
import org.apache.kafka.common.message.FetchResponseData.PartitionData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Fetches of consumers that say where they are. */
class NearbyFetchTest {
  private static final int OTHER = 9;
  private static final LaneId OTHER_LANE = new LaneId(7);
  private static final String HERE = "here";
  private static final String THERE = "there";
  private static final int LONG_WAIT_MS = 60_000;

  /** Three records to a batch. */
  private static final class FakeFollowed implements ReadableLog {
    final PartitionId id;
    final Set<DurabilityWatcher> watchers = ConcurrentHashMap.newKeySet();
    volatile long highWatermark;

    FakeFollowed(PartitionId id) {
      this.id = id;
    }

    void advance(long to) {
      highWatermark = to;
      watchers.forEach(watcher -> watcher.onReadable(this, 100));
    }

    @Override
    public PartitionId id() {
      return id;
    }

    @Override
    public int leaderEpoch() {
      return 0;
    }

    @Override
    public long highWatermark() {
      return highWatermark;
    }

    @Override
    public long logStartOffset() {
      return Math.min(1, highWatermark);
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public CompletableFuture<BatchSlices> read(long offset, int maxBytes, boolean atLeastOne) {
      ByteBuffer batch = Batches.plain(3);
      RecordBatchLayout.assign(batch, 0, offset / 3 * 3, 0);
      return CompletableFuture.completedFuture(
          new BatchSlices(List.of(batch), offset / 3 * 3 + 3, () -> {}));
    }

    @Override
    public void watch(DurabilityWatcher watcher) {
      watchers.add(watcher);
    }

    @Override
    public void unwatch(DurabilityWatcher watcher) {
      watchers.remove(watcher);
    }
  }

  private TestBroker broker;
  private RawClient client;
  private FakeFollowed followed;

  @BeforeEach
  void start() throws Exception {
    broker = TestBroker.start();
    broker.metadata.accept(
        new RegisterBroker(TestBroker.ID, new UUID(1, TestBroker.ID), "127.0.0.1", 1, HERE));
    broker.metadata.accept(new RegisterBroker(OTHER, new UUID(1, OTHER), "other", 1, THERE));
    broker.metadata.accept(new RegisterLane(OTHER_LANE, OTHER));
    long epoch = broker.metadata.accept(new OpenLane(OTHER_LANE, OTHER, 1));
    broker.metadata.accept(new LaneOpened(OTHER_LANE, epoch, Map.of()));
    create("led-here", TestBroker.ID);
    Topic elsewhere = create("led-there", OTHER);
    followed = new FakeFollowed(new PartitionId(elsewhere.id(), 0));
    broker.followed =
        (topicId, partition, leaderEpoch, rack) -> rack.equals(HERE) ? followed : null;
    client = broker.connect();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    broker.close();
  }

  private Topic create(String name, int leader) {
    broker
        .metadata
        .accept(
            new CreateTopics(
                List.of(
                    new NewTopic(
                        new UUID(7, name.hashCode()), name, 1, 2, List.of(leader), Map.of()))))
        .get(0)
        .valueOrThrow();
    return broker.topic(name);
  }

  private FetchRequest request(String topic, long offset, String rack, int maxWaitMs) {
    FetchRequestData data =
        new FetchRequestData()
            .setMinBytes(1)
            .setMaxBytes(1 << 20)
            .setMaxWaitMs(maxWaitMs)
            .setRackId(rack);
    data.topics()
        .add(
            new FetchTopic()
                .setTopic(topic)
                .setTopicId(TopicIds.kafkas(broker.topic(topic).id()))
                .setPartitions(
                    List.of(
                        new FetchRequestData.FetchPartition()
                            .setPartition(0)
                            .setFetchOffset(offset)
                            .setPartitionMaxBytes(1 << 20))));
    return new FetchRequest(data, ApiKeys.FETCH.latestVersion());
  }

  private static PartitionData only(FetchResponse response) {
    return response.data().responses().get(0).partitions().get(0);
  }

  private PartitionData fetch(String topic, long offset, String rack, int maxWaitMs)
      throws IOException {
    return only((FetchResponse) client.call(request(topic, offset, rack, maxWaitMs)));
  }

  private static Errors errorOf(PartitionData data) {
    return Errors.forCode(data.errorCode());
  }

  @Test
  void whoeverIsInAnotherRackThanTheLeaderIsSentToAReplicaThere() throws IOException {
    assertThat(fetch("led-here", 0, "", 0).preferredReadReplica()).isEqualTo(-1);
    assertThat(fetch("led-here", 0, HERE, 0).preferredReadReplica()).isEqualTo(-1);
    assertThat(fetch("led-here", 0, "nowhere", 0).preferredReadReplica()).isEqualTo(-1);
    PartitionData sent = fetch("led-here", 0, THERE, LONG_WAIT_MS);
    assertThat(sent.preferredReadReplica()).isEqualTo(OTHER);
    assertThat(errorOf(sent)).isEqualTo(Errors.NONE);
    assertThat(fetch("led-here", 0, THERE, 0).preferredReadReplica())
        .as("who comes back at once was not served there")
        .isEqualTo(-1);
  }

  @Test
  void onlyConsumersOfThisRackAreServedWhatOthersLead() throws IOException {
    followed.highWatermark = 3;
    PartitionData read = fetch("led-there", 1, HERE, 0);
    assertThat(errorOf(read)).isEqualTo(Errors.NONE);
    assertThat(read.highWatermark()).isEqualTo(3);
    assertThat(read.logStartOffset()).isEqualTo(1);
    assertThat(read.records().sizeInBytes()).isPositive();
    for (String rack : new String[] {"", THERE}) {
      PartitionData refused = fetch("led-there", 1, rack, 0);
      assertThat(errorOf(refused)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
      assertThat(refused.currentLeader().leaderId()).isEqualTo(OTHER);
    }
    assertThat(errorOf(fetch("led-there", 0, HERE, 0))).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
  }

  @Test
  void whatIsNotKnownHereYetIsWaitedForAndNeverOutOfRange() throws IOException {
    followed.highWatermark = 3;
    PartitionData late = fetch("led-there", 5, HERE, 50);
    assertThat(errorOf(late)).isEqualTo(Errors.OFFSET_NOT_AVAILABLE);
    assertThat(late.records().sizeInBytes()).isZero();
    assertThat(errorOf(fetch("led-there", 3, HERE, 50))).as("the end").isEqualTo(Errors.NONE);

    RequestHeader waiting = client.send(request("led-there", 4, HERE, LONG_WAIT_MS));
    Await.until("it waits", () -> !followed.watchers.isEmpty());
    followed.advance(6);
    PartitionData read = only((FetchResponse) client.receive(waiting));
    assertThat(errorOf(read)).isEqualTo(Errors.NONE);
    assertThat(read.highWatermark()).isEqualTo(6);
    assertThat(read.records().sizeInBytes()).isPositive();
  }
}
