package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Counter;
import io.sediment.frontend.HeldCommands;
import io.sediment.frontend.TestBroker;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.PartitionHandoff;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MovePartitions;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestPartition;
import org.apache.kafka.common.message.OffsetCommitRequestData.OffsetCommitRequestTopic;
import org.apache.kafka.common.message.OffsetCommitResponseData.OffsetCommitResponsePartition;
import org.apache.kafka.common.message.OffsetFetchRequestData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestTopics;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.ListGroupsRequest;
import org.apache.kafka.common.requests.OffsetCommitResponse;
import org.apache.kafka.common.requests.OffsetFetchResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a group is told about its offsets, whatever becomes of the log below. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class GroupDurabilityTest {
  private static final String TOPIC = "orders";
  private static final String GROUP = "0"; // its hash is 48: partition 0 of 4
  private static final String OTHER_GROUP = "4";
  private static final Duration COMMIT_TIMEOUT = Duration.ofSeconds(5); // as brokers have it
  private static final short COMMIT_VERSION = 9;
  private static final short FETCH_VERSION = 9;
  private static final long NONE = -1;

  private TestBroker broker;
  private RawClient client;

  @BeforeEach
  void start() throws Exception {
    broker =
        TestBroker.startWithGroups(
            Map.of("offsets.commit.timeout.ms", Long.toString(COMMIT_TIMEOUT.toMillis())));
    broker.createTopic(TOPIC, 1_000);
    broker.startGroups();
    client = broker.connect();
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    broker.close();
    assertThat(broker.lane.slicesOut()).as("slices that were read and not closed").isZero();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  private PartitionId coordinatorLog() {
    return broker.partition(Topic.GROUP_METADATA_TOPIC_NAME, 0);
  }

  private Errors commit(String group, int partitions, long offset) throws IOException {
    List<OffsetCommitRequestPartition> all = new ArrayList<>();
    for (int i = 0; i < partitions; i++) {
      all.add(new OffsetCommitRequestPartition().setPartitionIndex(i).setCommittedOffset(offset));
    }
    RequestHeader header =
        client.send(
            new OffsetCommitRequestData()
                .setGroupId(group)
                .setTopics(
                    List.of(new OffsetCommitRequestTopic().setName(TOPIC).setPartitions(all))),
            COMMIT_VERSION);
    OffsetCommitResponse response = (OffsetCommitResponse) client.receive(header);
    List<OffsetCommitResponsePartition> answers = response.data().topics().get(0).partitions();
    assertThat(answers).hasSize(partitions);
    return Errors.forCode(answers.get(0).errorCode());
  }

  private Errors commit(String group, long offset) throws IOException {
    return commit(group, 1, offset);
  }

  /** Again while leadership moves: the coordinator of before may still be there, or load. */
  private void commitWhoeverCoordinates(String group, long offset) {
    Await.until(
        "a commit of " + group,
        () -> {
          try {
            Errors answer = commit(group, offset);
            assertThat(answer)
                .isIn(
                    Errors.NONE,
                    Errors.NOT_COORDINATOR,
                    Errors.COORDINATOR_NOT_AVAILABLE,
                    Errors.COORDINATOR_LOAD_IN_PROGRESS);
            return answer == Errors.NONE;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  private OffsetFetchResponseGroup fetch(String group, int partition) throws IOException {
    RequestHeader header =
        client.send(
            new OffsetFetchRequestData()
                .setGroups(
                    List.of(
                        new OffsetFetchRequestGroup()
                            .setGroupId(group)
                            .setTopics(
                                List.of(
                                    new OffsetFetchRequestTopics()
                                        .setName(TOPIC)
                                        .setPartitionIndexes(List.of(partition)))))),
            FETCH_VERSION);
    return ((OffsetFetchResponse) client.receive(header)).data().groups().get(0);
  }

  /** The committed offset once the coordinator has one to tell, {@link #NONE} without a commit. */
  private long committed(String group, int partition) {
    List<Long> offset = new ArrayList<>();
    Await.until(
        "an answer about " + group,
        () -> {
          try {
            OffsetFetchResponseGroup answer = fetch(group, partition);
            if (answer.errorCode() != Errors.NONE.code()) {
              assertThat(Errors.forCode(answer.errorCode()))
                  .isIn(Errors.NOT_COORDINATOR, Errors.COORDINATOR_LOAD_IN_PROGRESS);
              return false;
            }
            offset.add(answer.topics().get(0).partitions().get(0).committedOffset());
            return true;
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    return offset.get(0);
  }

  private long committed(String group) {
    return committed(group, 0);
  }

  @Test
  void aCommitThatNeverBecomesDurableIsRefusedAndForgotten() throws IOException {
    assertThat(commit(GROUP, 1)).isEqualTo(Errors.NONE);
    broker.lane.holdAcks(); // the store stalls
    long began = System.nanoTime();
    assertThat(commit(GROUP, 2)).as("stalled").isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThanOrEqualTo(COMMIT_TIMEOUT);
    assertThat(committed(GROUP)).as("while it stalls").isEqualTo(1);
    broker.lane.halt(); // and is fenced
    assertThat(commit(GROUP, 3)).as("fenced").isEqualTo(Errors.NOT_COORDINATOR);
    broker.raiseLeaderEpochs();
    assertThat(committed(GROUP)).as("after the reopening").isEqualTo(1);
    broker.lane.releaseAcks();
    assertThat(commit(GROUP, 4)).isEqualTo(Errors.NONE);
    assertThat(committed(GROUP)).isEqualTo(4);
  }

  @Test
  void aCommitThatBecomesDurableLateIsNotLost() throws IOException {
    broker.lane.holdAcks();
    assertThat(commit(GROUP, 7)).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE);
    broker.lane.releaseAcks();
    Await.until("the offset", () -> committed(GROUP) == 7);
    broker.raiseLeaderEpochs();
    assertThat(committed(GROUP)).isEqualTo(7);
  }

  @Test
  void aBrokerThatMayHaveBeenReplacedTellsNoOffsets() throws IOException {
    assertThat(commit(GROUP, 1)).isEqualTo(Errors.NONE);
    broker.holdLease(false); // whoever coordinates now may have answered later commits
    assertThat(fetch(GROUP, 0).errorCode()).isEqualTo(Errors.NOT_COORDINATOR.code());
    assertThat(commit(GROUP, 2)).isEqualTo(Errors.NOT_COORDINATOR);
    assertThat(client.call(new ListGroupsRequest.Builder(new ListGroupsRequestData()).build()))
        .as("Kafka's Admin asks again after this, and fails after NOT_COORDINATOR")
        .returns(
            Map.of(Errors.COORDINATOR_NOT_AVAILABLE, 1),
            answer -> ((AbstractResponse) answer).errorCounts());
    broker.holdLease(true);
    assertThat(committed(GROUP)).isEqualTo(1);
  }

  /** The next one may have begun by then: this broker hears of it later. */
  @Test
  void aCoordinatorThatHasHandedItsLogOverTellsNoOffsets() throws IOException {
    assertThat(commit(GROUP, 1)).isEqualTo(Errors.NONE);
    List<PartitionLog> leaving =
        broker.frontend.logs().all().stream()
            .filter(log -> log.id().equals(coordinatorLog()))
            .toList();
    try (PartitionHandoff handoff =
        new PartitionHandoff(
            TestBroker.ID,
            1,
            new HeldCommands(broker.metadata),
            broker.frontend.logs(),
            new LaneId(0),
            1,
            () -> CompletableFuture.completedFuture(null),
            broker.scheduler)) {
      handoff.handOver(leaving, any -> MovePartitions.ANY_BROKER);
      assertThat(fetch(GROUP, 0).errorCode()).isEqualTo(Errors.NOT_COORDINATOR.code());
      assertThat(commit(GROUP, 2)).isEqualTo(Errors.NOT_COORDINATOR);
    }
    broker.raiseLeaderEpochs(); // it has come back
    assertThat(committed(GROUP)).isEqualTo(1);
    assertThat(commit(GROUP, 3)).isEqualTo(Errors.NONE);
  }

  @Test
  void leadershipsThatFollowEachOtherAtOnceLeaveTheLastOneServing() {
    for (int round = 1; round <= 20; round++) {
      commitWhoeverCoordinates(GROUP, round);
      for (int i = 0; i < 5; i++) {
        broker.raiseLeaderEpochs();
      }
      assertThat(committed(GROUP)).as("round %d", round).isEqualTo(round);
    }
    assertThat(broker.meters.counter("kafka.group.coordinator.load.failures").count())
        .as("a log that closes is no alarm")
        .isZero();
  }

  @Test
  void aFullLaneRefusesACommitAndLaterTakesIt() throws IOException {
    assertThat(commit(GROUP, 1)).isEqualTo(Errors.NONE);
    broker.lane.refuseAppends(true);
    assertThat(commit(GROUP, 2)).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE);
    assertThat(committed(GROUP)).isEqualTo(1);
    broker.lane.refuseAppends(false);
    assertThat(commit(GROUP, 3)).isEqualTo(Errors.NONE);
    assertThat(committed(GROUP)).isEqualTo(3);
  }

  @Test
  void aCompactedLogIsLoadedAcrossItsGapsAndGoesOnAtItsTrueEnd() throws IOException {
    assertThat(commit(GROUP, 1)).isEqualTo(Errors.NONE);
    assertThat(commit(GROUP, 2)).isEqualTo(Errors.NONE);
    assertThat(commit(OTHER_GROUP, 5)).isEqualTo(Errors.NONE);
    long end = broker.lane.endOffset(coordinatorLog());
    broker.lane.dropBatch(coordinatorLog(), 2); // as if superseded
    broker.lane.dropBatch(coordinatorLog(), 0); // as if the last record had been a tombstone
    broker.raiseLeaderEpochs();
    assertThat(committed(OTHER_GROUP)).isEqualTo(NONE);
    assertThat(committed(GROUP)).isEqualTo(2);
    assertThat(broker.lane.endOffset(coordinatorLog())).isEqualTo(end);
    assertThat(commit(OTHER_GROUP, 6)).isEqualTo(Errors.NONE);
    assertThat(committed(OTHER_GROUP)).isEqualTo(6);
    broker.raiseLeaderEpochs();
    assertThat(committed(OTHER_GROUP)).isEqualTo(6);
  }

  @Test
  void aLoadThatFailsRaisesTheAlarmAndIsTriedAgain() throws IOException {
    assertThat(commit(GROUP, 9)).isEqualTo(Errors.NONE);
    broker.lane.failReads(2);
    broker.raiseLeaderEpochs();
    Counter failures = broker.meters.counter("kafka.group.coordinator.load.failures");
    assertThat(committed(GROUP)).isEqualTo(9);
    assertThat(failures.count()).isBetween(1.0, 2.0);
    assertThat(
            broker
                .meters
                .get("kafka.group.coordinator.partitions")
                .tag("state", "failed")
                .gauge()
                .value())
        .isZero();
  }

  /** A takeover reads them twice and writes them again. */
  @ParameterizedTest(name = "takenOver={0}")
  @ValueSource(booleans = {false, true})
  void aHundredThousandOffsetsAreReadySoon(boolean takenOver) throws IOException {
    int groups = 100;
    int partitions = 1_000;
    List<String> names = new ArrayList<>();
    for (int i = 0; names.size() < groups; i++) {
      if (Math.floorMod(Integer.toString(i).hashCode(), 4) == 0) {
        names.add(Integer.toString(i));
      }
    }
    for (String name : names) {
      assertThat(commit(name, partitions, 11)).isEqualTo(Errors.NONE);
    }
    long end = broker.lane.endOffset(coordinatorLog());
    if (takenOver) {
      broker.takeOver();
    } else {
      broker.raiseLeaderEpochs();
    }
    long carriedOver = takenOver ? (long) groups * partitions : 0;
    Await.until(
        "all is carried over", () -> broker.lane.endOffset(coordinatorLog()) == end + carriedOver);
    assertThat(committed(names.get(groups - 1), partitions - 1)).isEqualTo(11);
    assertThat(cpuMsOfLoaders()).as("CPU ms of the load").isPositive().isLessThan(2_000);
  }

  /** What the threads that replay logs have used: the load, but for what else the machine does. */
  private static long cpuMsOfLoaders() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long nanos = 0;
    for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (thread != null && thread.getThreadName().startsWith("group-coordinator-loader")) {
        nanos += threads.getThreadCpuTime(thread.getThreadId());
      }
    }
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }

  @Test
  void oversizedMetadataIsRefused() throws IOException {
    RequestHeader header =
        client.send(
            new OffsetCommitRequestData()
                .setGroupId(GROUP)
                .setTopics(
                    List.of(
                        new OffsetCommitRequestTopic()
                            .setName(TOPIC)
                            .setPartitions(
                                List.of(
                                    new OffsetCommitRequestPartition()
                                        .setCommittedOffset(1)
                                        .setCommittedMetadata("x".repeat(5_000)))))),
            COMMIT_VERSION);
    assertThat(client.receive(header).errorCounts())
        .containsOnlyKeys(Errors.OFFSET_METADATA_TOO_LARGE);
    assertThat(committed(GROUP)).isEqualTo(NONE);
  }
}
