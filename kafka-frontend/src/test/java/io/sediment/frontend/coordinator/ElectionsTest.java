package io.sediment.frontend.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.partition.FakeLane;
import io.sediment.frontend.partition.PartitionLane;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.PartitionListener;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.runtime.Await;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ElectionsTest {
  private static final UUID TOPIC = new UUID(1, 1);
  private static final String FIRST = "elected 0";
  private static final String FIRST_OVER = "resigned 0";

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final SlowLane lane = new SlowLane();
  private final PartitionLogs logs =
      new PartitionLogs(0, metadata, lane, (image, topic) -> Map.of(), SystemPorts.wallClock());
  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test-scheduler", 1);
  private final Elections elections = new Elections(logs, TOPIC, scheduler, "test-elections");
  private final List<PartitionLog> electedLogs = new CopyOnWriteArrayList<>();
  private final List<String> told = new CopyOnWriteArrayList<>();

  /** A lane whose partitions open when the test says so, in whatever order. */
  private static final class SlowLane implements PartitionLane {
    private final FakeLane lane = new FakeLane(0, 1, Runnable::run);
    private final Queue<Runnable> opening = new ArrayDeque<>();
    private boolean slow;

    @Override
    public long lane() {
      return lane.lane();
    }

    @Override
    public long epoch() {
      return lane.epoch();
    }

    @Override
    public CompletableFuture<LanePartition> open(
        PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener) {
      CompletableFuture<LanePartition> opened =
          lane.open(partition, leaderEpoch, startOffset, listener);
      if (!slow) {
        return opened;
      }
      CompletableFuture<LanePartition> later = new CompletableFuture<>();
      opening.add(() -> later.complete(opened.join()));
      return later;
    }

    @Override
    public void close(PartitionId partition) {
      lane.close(partition);
    }
  }

  @AfterEach
  void stop() throws InterruptedException {
    elections.close();
    logs.close();
    scheduler.close();
  }

  private void start() {
    elections.start(
        new Coordinator() {
          @Override
          public void onElection(PartitionLog log) {
            electedLogs.add(log);
            told.add("elected " + log.leaderEpoch());
          }

          @Override
          public void onResignation(PartitionLog log) {
            told.add("resigned " + log.leaderEpoch());
          }
        });
  }

  private void createTopic() {
    NewTopic topic = new NewTopic(TOPIC, "internal", 1, 1, List.of(), Map.of());
    metadata.accept(new CreateTopics(List.of(topic)));
  }

  private void raiseLeaderEpoch() {
    LaneId id = new LaneId(0);
    long epoch = metadata.accept(new OpenLane(id, 0, 1));
    lane.lane.reopen(epoch);
    metadata.accept(
        new LaneOpened(id, epoch, Map.of(new io.sediment.metadata.PartitionId(TOPIC, 0), 0L)));
  }

  private void awaitTold(String... all) {
    List<String> expected = List.of(all);
    Await.until("told " + expected, () -> told.size() >= expected.size());
    assertThat(told).containsExactlyElementsOf(expected);
  }

  @Test
  void aLogIsResignedBeforeTheNextOneIsElected() {
    createTopic();
    start();
    awaitTold(FIRST);
    raiseLeaderEpoch();
    awaitTold(FIRST, FIRST_OVER, "elected 1");
    assertThat(electedLogs.get(1)).isNotSameAs(electedLogs.get(0));
  }

  @Test
  void aLogThatHasClosedBeforeItOpenedUnseatsNobody() {
    start();
    lane.slow = true;
    createTopic();
    lane.slow = false;
    raiseLeaderEpoch();
    awaitTold("elected 1");
    lane.opening.remove().run(); // of the leader epoch before
    raiseLeaderEpoch();
    awaitTold("elected 1", "resigned 1", "elected 2");
  }

  @Test
  void aHaltedLaneIsAResignationAndItsReopeningAnElection() {
    createTopic();
    start();
    awaitTold(FIRST);
    lane.lane.halt();
    awaitTold(FIRST, FIRST_OVER);
    raiseLeaderEpoch();
    awaitTold(FIRST, FIRST_OVER, "elected 1");
  }

  @Test
  void aFailedLoadIsTriedAgainUntilItSucceedsOrTheLogCloses() {
    createTopic();
    start();
    awaitTold(FIRST);
    elections.loadFailed(electedLogs.get(0), new IllegalStateException("by a test"));
    awaitTold(FIRST, FIRST_OVER, FIRST);
    elections.loadFailed(electedLogs.get(0), new IllegalStateException("by a test"));
    raiseLeaderEpoch();
    List<String> before = List.of(FIRST, FIRST_OVER, FIRST);
    Await.until("the next one is elected", () -> told.contains("elected 1"));
    elections.loadSucceeded(electedLogs.get(electedLogs.size() - 1));
    List<String> all = new ArrayList<>(told);
    assertThat(all).startsWith(before.toArray(String[]::new)).endsWith(FIRST_OVER, "elected 1");
  }

  @Test
  void pausesBetweenAttemptsDoubleToALimit() {
    assertThat(Elections.pauseAfter(1)).hasMillis(200);
    assertThat(Elections.pauseAfter(2)).hasMillis(400);
    assertThat(Elections.pauseAfter(100)).hasSeconds(30);
  }
}
