package io.sediment.frontend.partition;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.ForwardingMetadata;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.Partition;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.Placement;
import io.sediment.metadata.RaiseLogStarts;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.SystemPorts;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.Test;

/** Broker 0 with lane 0 hands over to broker 1 with lane 1. */
class PartitionHandoffTest {
  private static final UUID TOPIC = new UUID(7, 7);
  private static final LaneId LANE = new LaneId(0);
  private static final LaneId OTHER = new LaneId(1);

  private final Simulation simulation = new Simulation(1);
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final UnsureMetadata unsure = new UnsureMetadata(metadata);
  private final FakeLane lane = new FakeLane(0, 1, Runnable::run);
  private final FakeLane otherLane = new FakeLane(1, 1, Runnable::run);
  private final PartitionLogs logs = logs(0, lane);
  private final PartitionLogs otherLogs = logs(1, otherLane);
  private CompletableFuture<Void> flushed = CompletableFuture.completedFuture(null);
  private Runnable onFlush = () -> {};
  private int flushes;
  private final PartitionHandoff handoff =
      new PartitionHandoff(
          0, 1, unsure, logs, LANE, 1, this::flush, simulation.process("broker 0"));

  private PartitionLogs logs(int broker, FakeLane of) {
    return new PartitionLogs(
        broker, metadata, of, (image, topic) -> Map.of(), SystemPorts.wallClock());
  }

  private CompletableFuture<Void> flush() {
    flushes++;
    onFlush.run();
    return flushed;
  }

  /** Some answers are lost, the command may have been committed or not. */
  private static final class UnsureMetadata extends ForwardingMetadata {
    private int toLoseBefore;
    private int toLoseAfter;

    /** Partitions of each move. */
    private final List<Set<Integer>> moves = new ArrayList<>();

    private UnsureMetadata(ClusterMetadata metadata) {
      super(metadata);
    }

    @Override
    public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
      if (command instanceof MovePartitions move) {
        moves.add(move.moves().stream().map(m -> m.partition().partition()).collect(toSet()));
      }
      CompletableFuture<CommandResult<R>> lost =
          CompletableFuture.failedFuture(new MetadataUnavailableException("lost"));
      if (toLoseBefore > 0) {
        toLoseBefore--;
        return lost;
      }
      CompletableFuture<CommandResult<R>> answer = super.submit(command);
      if (toLoseAfter > 0) {
        toLoseAfter--;
        return lost;
      }
      return answer;
    }
  }

  private void createTopic(int partitions) {
    metadata.accept(
        new CreateTopics(
            List.of(
                new NewTopic(
                    TOPIC, "t", partitions, 1, Collections.nCopies(partitions, 0), Map.of()))));
  }

  private void addBroker() {
    metadata.accept(new RegisterBroker(1, new UUID(2, 2), "other", 9093, null));
    metadata.accept(new RegisterLane(OTHER, 1));
    metadata.accept(new LaneOpened(OTHER, metadata.accept(new OpenLane(OTHER, 1, 1)), Map.of()));
  }

  private PartitionLog log(PartitionLogs of, int partition) {
    return ((LookUp.Found) of.find(metadata.image(), "t", partition, -1)).log();
  }

  private Partition partition(int index) {
    return metadata.image().partition(TOPIC, index);
  }

  private static AppendResult append(PartitionLog log) {
    return log.append(Batches.plain(3));
  }

  private void appendDurably(PartitionLog log) {
    lane.holdAcks();
    assertThat(append(log)).isInstanceOf(AppendResult.Appended.class);
    lane.ackAll();
  }

  /** One that another broker may take once the lane acknowledges what it appended. */
  private PartitionLog logWithARecordOnItsWay() {
    createTopic(1);
    addBroker();
    PartitionLog log = log(logs, 0);
    lane.holdAcks();
    append(log);
    return log;
  }

  private CompletableFuture<Integer> handOver(PartitionLog log) {
    return handoff.handOver(List.of(log), any -> MovePartitions.ANY_BROKER);
  }

  private static void assertRefused(AppendResult result) {
    assertThat(result)
        .isInstanceOfSatisfying(
            AppendResult.Refused.class,
            refused -> assertThat(refused.error()).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER));
  }

  private static boolean isHandover(AppendResult result) {
    return ((AppendResult.Refused) result).isHandover();
  }

  @Test
  void theNextLeaderBeginsWhereTheLastAcknowledgedRecordEnds() {
    createTopic(1);
    addBroker();
    PartitionLog log = log(logs, 0);
    lane.holdAcks();
    AppendResult.Appended appended = (AppendResult.Appended) append(log);
    CompletableFuture<Void> lastFlush = new CompletableFuture<>();
    flushed = lastFlush;

    CompletableFuture<Integer> done = handOver(log);
    assertRefused(append(log));
    assertThat(log.isHandedOver()).isTrue();
    assertThat(append(log)).as("worth waiting for").matches(PartitionHandoffTest::isHandover);
    assertThat(flushes).as("what it appended is put at once").isEqualTo(1);
    assertThat(metadata.image().leaderOf(partition(0))).as("not before it is durable").isZero();
    lane.ackAll();
    assertThat(appended.durable()).isCompleted();
    assertThat(done).as("not before it is flushed").isNotDone();
    assertThat(partition(0).current()).isEqualTo(new Placement(1, OTHER, 1, 3));
    assertThat(log.isOpen()).isFalse();
    assertThat(log.isHandedOver()).isFalse();
    assertThat(append(log)).as("known by now").matches(refused -> !isHandover(refused));
    assertThat(append(log(otherLogs, 0)))
        .isInstanceOfSatisfying(
            AppendResult.Appended.class, next -> assertThat(next.baseOffset()).isEqualTo(3));
    assertThat(logs.whereIs(log.id()).leader().id()).isEqualTo(1);
    lastFlush.complete(null);
    assertThat(done).isCompletedWithValue(1);
  }

  @Test
  void theFlushBeginsBeforeThePartitionMayComeBack() {
    createTopic(1);
    addBroker();
    PartitionLog log = log(logs, 0);
    appendDurably(log);
    List<Integer> leaders = new ArrayList<>();
    onFlush = () -> leaders.add(metadata.image().leaderOf(partition(0)));
    assertThat(handOver(log)).isCompletedWithValue(1);
    assertThat(leaders).containsExactly(0);
  }

  @Test
  void anAnswerThatIsLostIsAskedForAgainAndNothingIsAppendedMeanwhile() {
    createTopic(2);
    addBroker();
    PartitionLog first = log(logs, 0);
    unsure.toLoseBefore = 3;
    CompletableFuture<Integer> done = handOver(first);
    assertThat(done).isNotDone();
    assertRefused(append(first));
    simulation.runFor(Duration.ofSeconds(1));
    assertThat(done).isCompletedWithValue(1);

    PartitionLog second = log(logs, 1);
    unsure.toLoseAfter = 1;
    done = handOver(second);
    assertThat(done).isNotDone();
    simulation.runFor(Duration.ofSeconds(1));
    assertThat(done).isCompletedWithValue(1);
    assertThat(partition(1).leaderEpoch()).isEqualTo(1);
  }

  @Test
  void whatNobodyElseTakesIsAppendedToAgainUnderANewLeaderEpoch() {
    createTopic(1);
    PartitionLog log = log(logs, 0);
    appendDurably(log);
    assertThat(handOver(log)).isCompletedWithValue(1);
    assertRefused(append(log));
    PartitionLog next = log(logs, 0);
    assertThat(next).isNotSameAs(log);
    assertThat(append(next))
        .isInstanceOfSatisfying(
            AppendResult.Appended.class, it -> assertThat(it.baseOffset()).isEqualTo(3));
  }

  @Test
  void whereTheStoreTakesNoRecordThePartitionStays() {
    PartitionLog log = logWithARecordOnItsWay();
    CompletableFuture<Integer> done = handOver(log);
    simulation.runFor(Duration.ofSeconds(3));
    CompletableFuture<Integer> later = handOver(log);
    assertRefused(append(log));

    simulation.runFor(Duration.ofSeconds(3));
    assertThat(done).isCompletedExceptionally();
    assertThat(later).isNotDone();
    assertRefused(append(log));
    simulation.runFor(Duration.ofSeconds(3));
    assertThat(later).isCompletedExceptionally();
    assertThat(log.isHandedOver()).isFalse();
    assertThat(append(log)).isInstanceOf(AppendResult.Appended.class);

    lane.ackAll();
    assertThat(partition(0).leaderEpoch()).as("not moved to where it ended then").isZero();
    assertThat(handOver(log)).isCompletedWithValue(1);
    assertThat(partition(0).current()).isEqualTo(new Placement(1, OTHER, 1, 6));
  }

  @Test
  void aLaneThatIsTakenAwayMeanwhileEndsTheHandoff() {
    createTopic(1);
    addBroker();
    PartitionLog log = log(logs, 0);
    appendDurably(log);
    unsure.toLoseBefore = 1;
    CompletableFuture<Integer> done = handOver(log);
    long epoch = metadata.accept(new SealLane(LANE, 1, 1, 1));
    simulation.runFor(Duration.ofSeconds(1));
    assertThat(done).isCompletedExceptionally();
    metadata.accept(new LaneSealed(LANE, epoch, Map.of(new PartitionId(TOPIC, 0), 3L)));
    assertThat(partition(0).current()).isEqualTo(new Placement(1, OTHER, 1, 3));
  }

  @Test
  void allPartitionsGoAndNoneComesAnyMore() {
    createTopic(600);
    addBroker();
    assertThat(handoff.drain()).isCompletedWithValue(600);
    assertThat(flushes).as("one before, one for the first few, and one for each 250").isEqualTo(5);
    assertThat(logs.all()).isEmpty();
    assertThat(otherLogs.all()).hasSize(600);
    assertThat(metadata.image().lane(LANE).state()).isEqualTo(Lane.State.DRAINING);
    assertThat(otherLogs.mayArrive(TOPIC, 0)).isFalse();
  }

  @Test
  void thoseThatAreWrittenToGoBeforeMostAndFewAtATime() {
    createTopic(300);
    addBroker();
    CompletableFuture<Void> ahead = new CompletableFuture<>();
    flushed = ahead;
    CompletableFuture<Integer> draining = handoff.drain();
    for (int i = 200; i < 260; i++) {
      appendDurably(log(logs, i));
    }
    flushed = CompletableFuture.completedFuture(null);
    ahead.complete(null);
    assertThat(draining).isCompletedWithValue(300);
    assertThat(unsure.moves).extracting(Set::size).containsExactly(4, 50, 10, 236);
    assertThat(unsure.moves.get(0)).noneMatch(i -> i >= 200 && i < 260);
    assertThat(unsure.moves.get(1)).allMatch(i -> i >= 200 && i < 260);
    assertThat(unsure.moves.get(2)).allMatch(i -> i >= 200 && i < 260);
  }

  @Test
  void whereThousandsAreWrittenToMoreGoAtATime() {
    createTopic(2_000);
    addBroker();
    CompletableFuture<Void> ahead = new CompletableFuture<>();
    flushed = ahead;
    CompletableFuture<Integer> draining = handoff.drain();
    for (int i = 0; i < 2_000; i++) {
      appendDurably(log(logs, i));
    }
    flushed = CompletableFuture.completedFuture(null);
    ahead.complete(null);
    assertThat(draining).isCompletedWithValue(2_000);
    assertThat(unsure.moves).hasSize(20);
  }

  @Test
  void whatTheStoreTakesNotInTimeIsTriedAgainUntilItDoes() {
    PartitionLog log = logWithARecordOnItsWay();
    CompletableFuture<Integer> draining = handoff.drain();
    assertRefused(append(log));
    simulation.runFor(Duration.ofMillis(5_050));
    assertThat(append(log)).as("between two tries").isInstanceOf(AppendResult.Appended.class);
    simulation.runFor(Duration.ofMillis(500));
    assertRefused(append(log));
    assertThat(draining).isNotDone();
    lane.ackAll();
    assertThat(draining).isCompletedWithValue(1);
    assertThat(partition(0).current()).isEqualTo(new Placement(1, OTHER, 1, 6));
  }

  @Test
  void whoseLaneStopsWhileItFlushesHasNotHandedAllOver() {
    createTopic(1);
    addBroker();
    CompletableFuture<Void> ahead = new CompletableFuture<>();
    flushed = ahead;
    CompletableFuture<Integer> draining = handoff.drain();
    LaneHaltedException halted = new LaneHaltedException("fenced");
    flushed = CompletableFuture.failedFuture(halted);
    ahead.complete(null);
    assertThat(draining)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingRootCause()
        .isSameAs(halted);
  }

  @Test
  void whoClosesItKeepsWhatTheStoreHasNotTakenYet() {
    PartitionLog log = logWithARecordOnItsWay();
    CompletableFuture<Integer> draining = handoff.drain();
    assertRefused(append(log));
    handoff.close();
    assertThat(append(log)).isInstanceOf(AppendResult.Appended.class);
    lane.ackAll();
    simulation.runFor(Duration.ofSeconds(20));
    assertThat(draining).isCompletedExceptionally();
    assertThat(metadata.image().leaderOf(partition(0))).isZero();
  }

  @Test
  void whoWaitsIsToldWhereToGoBeforeTheMoveIsKnown() {
    PartitionLog log = logWithARecordOnItsWay();
    CompletableFuture<Integer> draining = handoff.drain();
    assertRefused(append(log));
    assertThat(logs.whereIs(log.id()).leader()).as("it may be kept").isNull();

    unsure.toLoseBefore = 1;
    lane.ackAll();
    assertThat(metadata.image().leaderOf(partition(0))).isZero();
    assertThat(logs.whereIs(log.id()).leader().id()).isEqualTo(1);
    assertThat(logs.whereIs(log.id()).leaderEpoch()).isEqualTo(1);
    assertThat(otherLogs.mayArrive(TOPIC, 0)).as("is waited for there").isTrue();

    simulation.runFor(Duration.ofSeconds(1));
    assertThat(draining).isCompletedWithValue(1);
    assertThat(partition(0).current()).isEqualTo(new Placement(1, OTHER, 1, 3));
    assertThat(logs.whereIs(log.id()).leaderEpoch()).isEqualTo(1);
  }

  @Test
  void whereTheNextLeaderDoesNotExpectThemNobodyIsSentThereAheadOfTheMove() {
    createTopic(1);
    addBroker();
    PartitionLog log = log(logs, 0);
    unsure.toLoseBefore = 1;
    CompletableFuture<Integer> done = handoff.handOver(List.of(log), any -> 1);
    assertRefused(append(log));
    assertThat(otherLogs.mayArrive(TOPIC, 0)).isFalse();
    assertThat(logs.whereIs(log.id()).leader()).isNull();
    simulation.runFor(Duration.ofSeconds(1));
    assertThat(done).isCompletedWithValue(1);
    assertThat(logs.whereIs(log.id()).leader().id()).isEqualTo(1);
  }

  @Test
  void whereNothingCouldBeSubmittedNobodyIsSentAhead() {
    createTopic(1);
    addBroker();
    PartitionLog log = log(logs, 0);
    SimScheduler process = simulation.process("broker 0, which closes");
    AtomicReference<PartitionHandoff> closing = new AtomicReference<>();
    closing.set(
        new PartitionHandoff(
            0, 1, unsure, logs, LANE, 1, this::flush, whoseWaitsEndWith(process, closing)));
    assertThat(closing.get().drain())
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingRootCause()
        .withMessageContaining("closed");
    assertThat(unsure.moves).isEmpty();
    assertThat(log.nextLeader()).isEqualTo(PartitionLog.NOBODY);
  }

  /** Closes the handoff when it waits no longer for the store and has submitted no move yet. */
  private static Scheduler whoseWaitsEndWith(
      Scheduler scheduler, AtomicReference<PartitionHandoff> closing) {
    return new Scheduler() {
      @Override
      public Cancellable schedule(Runnable task, Duration delay) {
        Cancellable scheduled = scheduler.schedule(task, delay);
        return () -> {
          scheduled.cancel();
          closing.get().close();
        };
      }

      @Override
      public void execute(Runnable task) {
        scheduler.execute(task);
      }
    };
  }

  @Test
  void whoWasSentAheadOfAMoveThatIsRejectedThenIsSentNowhere() {
    PartitionLog log = logWithARecordOnItsWay();
    CompletableFuture<Integer> draining = handoff.drain();
    metadata.accept(new RaiseLogStarts(Map.of(new PartitionId(TOPIC, 0), 10L)));
    unsure.toLoseBefore = 1;
    lane.ackAll();
    assertThat(append(log)).as("worth waiting for").matches(PartitionHandoffTest::isHandover);
    assertThat(logs.whereIs(log.id()).leader().id()).isEqualTo(1);

    simulation.runFor(Duration.ofSeconds(1));
    assertThat(draining).isCompletedWithValue(0);
    assertRefused(append(log));
    assertThat(append(log)).as("for good").matches(refused -> !isHandover(refused));
    assertThat(logs.whereIs(log.id()).leader()).isNull();
  }

  @Test
  void oneThatCannotGoKeepsNoOthers() {
    createTopic(5);
    addBroker();
    List<PartitionLog> all = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      all.add(log(logs, i));
      appendDurably(all.get(i));
    }
    metadata.accept(new RaiseLogStarts(Map.of(new PartitionId(TOPIC, 3), 10L)));
    assertThat(handoff.handOver(all, any -> 1)).isCompletedWithValue(4);
    for (int i = 0; i < 5; i++) {
      int leader = metadata.image().leaderOf(partition(i));
      assertThat(leader).as("leader of " + i).isEqualTo(i == 3 ? 0 : 1);
    }
    assertRefused(append(all.get(3)));
  }

  @Test
  void oneThatCannotGoKeepsNoLaterSteps() {
    createTopic(600);
    addBroker();
    PartitionLog ofTheFirstStep = logs.all().iterator().next();
    int stranded = ofTheFirstStep.id().partition();
    metadata.accept(new RaiseLogStarts(Map.of(new PartitionId(TOPIC, stranded), 10L)));
    assertThat(handoff.drain()).isCompletedWithValue(599);
    assertThat(unsure.moves.get(0)).hasSize(4).contains(stranded);
    assertThat(unsure.moves).last().satisfies(last -> assertThat(last).doesNotContain(stranded));
    assertThat(logs.all()).containsExactly(ofTheFirstStep);
    assertThat(otherLogs.all()).hasSize(599);
  }

  @Test
  void theNextLeaderKnowsThatPartitionsMayArriveBeforeTheyDo() {
    createTopic(1);
    addBroker();
    assertThat(otherLogs.mayArrive(TOPIC, 0)).isFalse();
    flushed = new CompletableFuture<>();
    CompletableFuture<Integer> draining = handoff.drain();
    assertThat(draining).isNotDone();
    assertThat(otherLogs.mayArrive(TOPIC, 0)).isTrue();
    assertThat(logs.mayArrive(TOPIC, 0)).as("that is who leads").isFalse();
    assertThat(otherLogs.mayArrive(TOPIC, 1)).isFalse();
  }

  @Test
  void whoIsAloneKeepsAll() {
    createTopic(2);
    assertThat(handoff.drain()).isCompletedWithValue(0);
    assertThat(append(log(logs, 0))).isInstanceOf(AppendResult.Appended.class);
    assertThat(metadata.image().lane(LANE).state()).isEqualTo(Lane.State.ACTIVE);
  }

  @Test
  void nothingIsSubmittedAfterItWasClosed() {
    createTopic(1);
    addBroker();
    handoff.close();
    assertThat(handOver(log(logs, 0)))
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .havingRootCause()
        .withMessageContaining("closed");
    assertThat(metadata.image().leaderOf(partition(0))).isZero();
  }
}
