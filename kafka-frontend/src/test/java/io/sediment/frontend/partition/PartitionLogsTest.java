package io.sediment.frontend.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.metadata.Topic;
import io.sediment.runtime.SystemPorts;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

class PartitionLogsTest {
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final FakeLane lane = new FakeLane(0, 1, Runnable::run);
  private final Set<String> broken = new HashSet<>();
  private final PartitionLogs logs =
      new PartitionLogs(0, metadata, lane, this::configsOf, SystemPorts.wallClock());

  private Map<String, String> configsOf(MetadataImage image, Topic topic) {
    if (broken.contains(topic.name())) {
      throw new IllegalStateException("configs broken by a test: " + topic.name());
    }
    return Map.of();
  }

  private void create(String... names) {
    metadata.accept(
        new CreateTopics(
            List.of(names).stream()
                .map(
                    name ->
                        new NewTopic(new UUID(7, name.hashCode()), name, 1, 1, List.of(), Map.of()))
                .toList()));
  }

  private LookUp find(String topic) {
    return logs.find(metadata.image(), topic, 0, -1);
  }

  @Test
  void aTopicThatCannotBeFollowedHoldsUpNoOtherAndIsFollowedLater() {
    broken.add("b");
    create("a", "b", "c");
    assertThat(find("a")).isInstanceOf(LookUp.Found.class);
    assertThat(find("c")).isInstanceOf(LookUp.Found.class);
    assertThat(find("b")).isEqualTo(LookUp.Missing.of(Errors.NOT_LEADER_OR_FOLLOWER));

    broken.clear();
    create("d");
    assertThat(find("b")).isInstanceOf(LookUp.Found.class);
    assertThat(find("d")).isInstanceOf(LookUp.Found.class);
  }

  @Test
  void aLaneThatThrowsWhenAskedForProducersIsAnAnswerAndAskedAgain() {
    create("a");
    PartitionLog log = ((LookUp.Found) find("a")).log();
    lane.throwProducers(true);
    assertThat(log.producersLoaded()).isCompletedExceptionally();
    lane.throwProducers(false);
    assertThat(log.producersLoaded()).isCompleted();
  }

  /** What lane 0 holds of these topics goes on in lane 1. */
  private void moveToAnotherLane(String... names) {
    LaneId before = new LaneId(0);
    LaneId after = new LaneId(1);
    long sealing = metadata.accept(new SealLane(before, 1, 0, 1));
    metadata.accept(new RegisterLane(after, 0));
    long epoch = metadata.accept(new OpenLane(after, 0, 1));
    lane.follow(after.value(), epoch);
    metadata.accept(new LaneOpened(after, epoch, Map.of()));
    Map<PartitionId, Long> ends = new HashMap<>();
    for (String name : names) {
      ends.put(new PartitionId(metadata.image().topic(name).id(), 0), 7L);
    }
    metadata.accept(new LaneSealed(before, sealing, ends));
  }

  @Test
  void aLogThatComesFromAnotherLaneReadsItsProducersBeforeAnyIsAskedFor() {
    ProducersAhead.start(logs, Runnable::run);
    create("a");
    moveToAnotherLane("a");
    lane.throwProducers(true);
    assertThat(((LookUp.Found) find("a")).log().producersLoaded()).isCompleted();
  }

  @Test
  void openingDoesNotWaitForProducersWhichAreReadForOnePartitionAfterTheOther() {
    ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    ProducersAhead.start(logs, tasks::add);
    create("a", "b", "c");
    moveToAnotherLane("a", "b", "c");
    assertThat(find("c")).isInstanceOf(LookUp.Found.class);
    for (int read = 0; read < 3; read++) {
      assertThat(lane.producersAsked()).isEqualTo(read);
      assertThat(tasks).hasSize(1);
      tasks.remove().run();
    }
    tasks.remove().run();
    assertThat(tasks).isEmpty();
    assertThat(lane.producersAsked()).isEqualTo(3);
  }

  @Test
  void producersThatCannotBeReadKeepNoOthersWaiting() {
    ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    ProducersAhead.start(logs, tasks::add);
    create("a", "b");
    moveToAnotherLane("a", "b");
    lane.throwProducers(true);
    tasks.remove().run();
    lane.throwProducers(false);
    tasks.remove().run();
    assertThat(lane.producersAsked()).isEqualTo(2);
  }

  @Test
  void aLogThatIsPlacedHereAndNotOpenYetMayArrive() {
    create("a");
    UUID topic = metadata.image().topic("a").id();
    assertThat(logs.mayArrive(topic, 0)).as("it is here").isFalse();
    CompletableFuture<Void> opening = new CompletableFuture<>();
    FakeLane slow = new FakeLane(0, 1, Runnable::run);
    slow.openAfter(opening);
    PartitionLogs late =
        new PartitionLogs(0, metadata, slow, this::configsOf, SystemPorts.wallClock());
    assertThat(late.mayArrive(topic, 0)).isTrue();
    assertThat(late.isOpening(topic, 0)).isTrue();
    opening.complete(null);
    assertThat(late.mayArrive(topic, 0)).isFalse();
    assertThat(late.isOpening(topic, 0)).isFalse();
    slow.follow(0, 2);
    assertThat(late.mayArrive(topic, 0)).as("placed under another epoch").isFalse();
  }

  @Test
  void whereAPartitionWentCountsMoreThanWhereItWasToGo() {
    create("a");
    UUID topic = metadata.image().topic("a").id();
    AtomicReference<PartitionLogs> behind = new AtomicReference<>();
    List<LookUp.Missing> told = new ArrayList<>();
    metadata.subscribe(
        (before, after) -> {
          if (behind.get() != null) {
            told.add(behind.get().whereIs(new io.sediment.lsm.PartitionId(topic, 0)));
          }
        });
    behind.set(
        new PartitionLogs(
            0,
            metadata,
            new FakeLane(0, 1, Runnable::run),
            this::configsOf,
            SystemPorts.wallClock()));
    PartitionLog leaving = ((LookUp.Found) behind.get().find(metadata.image(), "a", 0, -1)).log();
    leaving.goesTo(1);
    addBroker(1);
    addBroker(2);
    assertThat(told.get(told.size() - 1).leader().id()).as("not placed anew yet").isEqualTo(1);
    told.clear();
    metadata.accept(
        new MovePartitions(
            new LaneId(0),
            1,
            List.of(new MovePartitions.Move(new PartitionId(topic, 0), 0, 0, 2))));
    assertThat(told).hasSize(1);
    assertThat(told.get(0).leader().id()).isEqualTo(2);
    assertThat(told.get(0).leaderEpoch()).isEqualTo(1);
  }

  private void addBroker(int id) {
    LaneId lane = new LaneId(id);
    metadata.accept(new RegisterBroker(id, new UUID(2, id), "other", 9092 + id, null));
    metadata.accept(new RegisterLane(lane, id));
    metadata.accept(new LaneOpened(lane, metadata.accept(new OpenLane(lane, id, 1)), Map.of()));
  }
}
