package io.sediment.frontend.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.Batches;
import io.sediment.frontend.partition.FakeLane;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.DrainLane;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceRequestData.PartitionProduceData;
import org.apache.kafka.common.message.ProduceRequestData.TopicProduceData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.PartitionProduceResponse;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.Test;

/**
 * Broker 1 hands over what it leads, all but partition 2; broker 0, which clients come to, does not
 * know yet what becomes its own.
 */
class EarlyProduceTest {
  private static final UUID TOPIC = new UUID(7, 7);
  private static final LaneId OTHER = new LaneId(1);
  private static final Duration NEARLY_ALL_OF_A_WAIT = Duration.ofMillis(450);
  private static final Duration REST_OF_A_WAIT = Duration.ofMillis(100);

  private final Simulation simulation = new Simulation(1);
  private final SimScheduler process = simulation.process("broker 0");
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final FakeLane lane = new FakeLane(0, 1, process);
  private final PartitionLogs logs =
      new PartitionLogs(0, metadata, lane, (image, topic) -> Map.of(), process);
  private final ProduceHandler handler =
      new ProduceHandler(
          metadata, logs, new BatchPreparer(process), process, process, process, process, () -> 0);

  EarlyProduceTest() {
    addBroker(1);
    create(TOPIC, "t", List.of(1, 1, 0));
    metadata.accept(new DrainLane(OTHER, 1, 1, 1));
  }

  /** Which appends to the lane of its own number. */
  private void addBroker(int id) {
    LaneId lane = new LaneId(id);
    metadata.accept(new RegisterBroker(id, new UUID(2, id), "other", 9092 + id, null));
    metadata.accept(new RegisterLane(lane, id));
    metadata.accept(new LaneOpened(lane, metadata.accept(new OpenLane(lane, id, 1)), Map.of()));
  }

  private void create(UUID id, String name, List<Integer> leaders) {
    metadata.accept(
        new CreateTopics(List.of(new NewTopic(id, name, leaders.size(), 1, leaders, Map.of()))));
  }

  private void move(int partition, int target) {
    metadata.accept(
        new MovePartitions(
            OTHER,
            1,
            List.of(new MovePartitions.Move(new PartitionId(TOPIC, partition), 0, 7, target))));
  }

  private void assertWaitsUntilThePartitionArrives(Sent sent) {
    simulation.runFor(NEARLY_ALL_OF_A_WAIT);
    assertThat(sent.answer).isNotDone();
    move(0, 0);
    simulation.runFor(REST_OF_A_WAIT);
    assertThat(sent.errorOf(0)).isEqualTo(Errors.NONE);
  }

  /** What one client waits for that has sent a batch for each of some partitions. */
  private final class Sent implements RequestContext {
    private final CompletableFuture<ProduceResponseData> answer;

    Sent(int... partitions) {
      TopicProduceData topic = new TopicProduceData().setTopicId(TopicIds.kafkas(TOPIC));
      for (int partition : partitions) {
        topic
            .partitionData()
            .add(
                new PartitionProduceData()
                    .setIndex(partition)
                    .setRecords(MemoryRecords.readableRecords(Batches.plain(1))));
      }
      ProduceRequestData request =
          new ProduceRequestData().setAcks((short) -1).setTimeoutMs(30_000);
      request.topicData().add(topic);
      answer = handler.handle(this, request);
    }

    PartitionProduceResponse answerFor(int partition) {
      assertThat(answer).isCompleted();
      return answer.join().responses().iterator().next().partitionResponses().stream()
          .filter(each -> each.index() == partition)
          .findFirst()
          .orElseThrow();
    }

    Errors errorOf(int partition) {
      return Errors.forCode(answerFor(partition).errorCode());
    }

    @Override
    public RequestHeader header() {
      return new RequestHeader(ApiKeys.PRODUCE, ApiKeys.PRODUCE.latestVersion(), "early", 1);
    }

    @Override
    public ClientInfo client() {
      return new ClientInfo(
          1, InetAddress.getLoopbackAddress(), 1, "early", ClientInfo.UNKNOWN, ClientInfo.UNKNOWN);
    }

    @Override
    public Executor networkThread() {
      return process;
    }

    @Override
    public void holdUntil(CompletionStage<?> accepted) {}

    @Override
    public void bodyConsumed() {}

    @Override
    public void closeAfterResponse(AutoCloseable pinned) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void throttle(int throttleMs) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void sendNoResponse() {
      throw new UnsupportedOperationException();
    }

    @Override
    public void closeConnection(String why) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void nameSoftware(String name, String version) {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void whoComesEarlyWaitsUntilThePartitionArrives() {
    Sent early = new Sent(0);
    assertWaitsUntilThePartitionArrives(early);
    assertThat(early.answerFor(0).baseOffset()).isEqualTo(7);
  }

  @Test
  void whatWasWaitedForInVainIsWaitedForAgainWhenThereIsNews() {
    Sent early = new Sent(0, 2);
    simulation.runFor(NEARLY_ALL_OF_A_WAIT);
    assertThat(early.answer).isNotDone();
    simulation.runFor(REST_OF_A_WAIT);
    assertThat(early.errorOf(0)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    assertThat(early.errorOf(2)).isEqualTo(Errors.NONE);

    Sent again = new Sent(0, 2);
    Sent another = new Sent(1);
    simulation.runFor(Duration.ofMillis(1));
    assertThat(again.errorOf(0)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    assertThat(again.errorOf(2)).isEqualTo(Errors.NONE);
    assertThat(another.answer).as("nobody has waited for it yet").isNotDone();

    create(new UUID(7, 8), "news", List.of(0));
    assertWaitsUntilThePartitionArrives(new Sent(0, 2));
  }

  @Test
  void whereNewsCameWhileSomebodyWaitedTheOthersWaitUnderThem() {
    Sent early = new Sent(0);
    simulation.runFor(NEARLY_ALL_OF_A_WAIT);
    create(new UUID(7, 8), "news", List.of(0));
    simulation.runFor(REST_OF_A_WAIT);
    assertThat(early.errorOf(0)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);

    assertWaitsUntilThePartitionArrives(new Sent(0));
  }

  @Test
  void whatIsLongInOpeningIsWaitedForEachTime() {
    CompletableFuture<Void> opening = new CompletableFuture<>();
    lane.openAfter(opening);
    move(0, 0);
    Sent first = new Sent(0);
    simulation.runFor(NEARLY_ALL_OF_A_WAIT);
    assertThat(first.answer).isNotDone();
    simulation.runFor(REST_OF_A_WAIT);
    assertThat(first.errorOf(0)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);

    Sent again = new Sent(0);
    simulation.runFor(NEARLY_ALL_OF_A_WAIT);
    assertThat(again.answer).isNotDone();
    opening.complete(null);
    simulation.runFor(REST_OF_A_WAIT);
    assertThat(again.errorOf(0)).isEqualTo(Errors.NONE);
  }

  @Test
  void whoHasWaitedInVainIsNotSentBack() {
    Sent early = new Sent(0);
    simulation.runFor(NEARLY_ALL_OF_A_WAIT.plus(REST_OF_A_WAIT));
    assertThat(early.errorOf(0)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    assertThat(early.answerFor(0).currentLeader().leaderId()).isEqualTo(-1);
    assertThat(early.answer.join().nodeEndpoints()).isEmpty();

    addBroker(2);
    move(0, 2);
    Sent lost = new Sent(0);
    assertThat(lost.errorOf(0)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
    assertThat(lost.answerFor(0).currentLeader().leaderId()).as("does not drain").isEqualTo(2);
  }
}
