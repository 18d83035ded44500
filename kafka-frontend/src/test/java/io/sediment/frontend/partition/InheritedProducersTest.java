package io.sediment.frontend.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.lane.Deaf;
import io.sediment.lsm.lane.FlushListener;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneConfig;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.LanePartition;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.StoredLane;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What the next leader reads to know the producers of a partition that has moved often. */
class InheritedProducersTest {
  private static final PartitionId PARTITION = LaneWorld.partition(0);
  private static final long INCARNATION = 1;
  private static final int NOBODY = -1;

  private static final Duration EXPIRY = Duration.ofDays(1);

  private final LaneConfig config = LaneWorld.expiring(EXPIRY);
  private final Simulation simulation = new Simulation(11);
  private final SimObjectStore bucket = new SimObjectStore(simulation, FaultPlan.none());
  private final Map<Integer, Lane> lanes = new HashMap<>();
  private final Map<Integer, Integer> epochs = new HashMap<>();
  private final List<Placement> placements = new ArrayList<>();
  private final Map<Long, Integer> sequences = new HashMap<>();
  private final List<Integer> asked = new ArrayList<>();
  private long end;
  private int leaderEpoch;
  private LanePartition own; // as the lane has it
  private PlacedPartition partition;

  private <T> T await(CompletableFuture<T> future) {
    return simulation.await(future, Duration.ofHours(1), "done");
  }

  private LaneEnvironment environment(SimScheduler process) {
    return LaneWorld.environment(bucket, process, INCARNATION, LaneWorld.budget(1 << 20, 1 << 20));
  }

  /** The partition goes on in this lane, whose broker has it open. */
  private void lead(int number) {
    Lane lane =
        lanes.computeIfAbsent(
            number,
            none ->
                await(
                    Lane.open(
                        environment(simulation.process("broker " + number)),
                        config,
                        new LaneId(number),
                        INCARNATION,
                        epochs.merge(number, 1, Integer::sum),
                        FlushListener.NONE)));
    leaderEpoch++;
    placements.add(new Placement(leaderEpoch, new io.sediment.metadata.LaneId(number), 1, end));
    Partition placed = new Partition(placements, 0);
    own = lane.openPartition(PARTITION, leaderEpoch, end, new Deaf());
    asked.clear();
    partition =
        new PlacedPartition(
            own,
            PlacedPartition.startInLane(placed, leaderEpoch, end),
            () -> placed,
            (other, id, upTo) -> {
              asked.add(other.value());
              return lane.storedLane(other, id, upTo);
            });
  }

  private void append(long producer) {
    TestBatch batch = TestBatch.at(0).records(1);
    if (producer != NOBODY) {
      batch.producer(producer, 0, sequences.merge(producer, 1, Integer::sum) - 1);
    }
    partition.append(batch.build());
    end = partition.endOffset();
  }

  private List<Long> producers() {
    return await(partition.producers()).stream().map(ProducerEntry::producerId).toList();
  }

  /** As a handoff does: acknowledged, closed, flushed. */
  private void leave(int number) {
    await(lanes.get(number).closePartition(PARTITION));
    await(lanes.get(number).flush());
  }

  /** As after {@code kill -9}: somebody seals the lane, of which not all was flushed. */
  private void die(int number) {
    simulation.runUntil(
        () -> partition.durableOffset() == end, Duration.ofHours(1), "all is durable");
    lanes.remove(number).halt(new LaneHaltedException("killed by a test", null));
    await(
        Lane.seal(
            environment(simulation.process("sealer of " + number)),
            config,
            new LaneId(number),
            INCARNATION,
            2));
  }

  private void lead(int number, long producer) {
    lead(number);
    producers();
    append(producer);
  }

  @Test
  void theLaneBeforeHasWhatAllBeforeItKnow() {
    for (int number = 1; number <= 4; number++) {
      lead(number, number);
      leave(number);
    }
    lead(5);
    assertThat(producers()).containsExactly(1L, 2L, 3L, 4L);
    assertThat(asked).containsExactly(4);
  }

  @Test
  void soItHasWhenItsBrokerDied() {
    lead(1, 1);
    die(1);
    lead(2, 2);
    await(lanes.get(2).flush());
    append(3); // in its log alone
    die(2);
    lead(3);
    assertThat(producers()).containsExactly(1L, 2L, 3L);
    assertThat(asked).containsExactly(2);
  }

  @Test
  void oneWithoutASnapshotSinceThenHasNot() {
    lead(1, 1);
    leave(1);
    lead(2, NOBODY);
    leave(2);
    lead(3);
    append(3); // before it has heard of the others
    await(lanes.get(3).flush());
    leave(3);
    lead(4);
    assertThat(producers()).containsExactly(1L, 3L);
    assertThat(asked).containsExactlyInAnyOrder(3, 2, 1);
  }

  @Test
  void aPartitionThatCameBackInheritsAnew() {
    lead(1, 1);
    leave(1);
    lead(2, 2);
    leave(2);
    lead(1, NOBODY); // which says nothing of producers, behind what 2 has
    leave(1);
    lead(3);
    assertThat(producers()).containsExactly(1L, 2L);
    assertThat(asked).containsExactlyInAnyOrder(1, 2, 1);
    append(3);
    leave(3);
    lead(1, 4);
    leave(1);
    lead(2);
    assertThat(producers()).containsExactly(1L, 2L, 3L, 4L);
    assertThat(asked).containsExactly(1);
  }

  /** Else the lane that it came back to would know what it did before the other one. */
  @Test
  void aProducerIsForgottenInAllLanesAtOnce() {
    lead(1, 1);
    leave(1);
    lead(2, 1);
    append(2);
    leave(2);
    simulation.runFor(EXPIRY.plusMinutes(1));
    lead(1);
    assertThat(producers()).isEmpty();
    append(3);
    leave(1);
    lead(2);
    assertThat(producers()).containsExactly(3L);
  }

  /** What the lane knows is loaded only then, from a table that says that it is all. */
  @Test
  void soItDoesInALaneThatWasOpenedAgainMeanwhile() {
    lead(1, 1);
    leave(1);
    await(lanes.remove(1).close());
    lead(2, 2);
    leave(2);
    lead(1);
    append(3); // before it has heard of the others
    leave(1);
    lead(3);
    assertThat(producers()).containsExactly(1L, 2L, 3L);
  }

  @Test
  void whatAFormerLeadershipHeardLateDoesNotCount() {
    lead(1, 1);
    leave(1);
    LanePartition former = own;
    lead(2, 2);
    leave(2);
    lead(1);
    await(former.inheritProducers(List.of()));
    append(1); // as if nobody had asked for producers here
    leave(1);
    StoredLane view = await(lanes.get(2).storedLane(new LaneId(1), PARTITION, end));
    assertThat(await(view.producers(PARTITION)).isInherited()).isFalse();
    lead(3);
    assertThat(producers()).containsExactly(1L, 2L);
  }
}
