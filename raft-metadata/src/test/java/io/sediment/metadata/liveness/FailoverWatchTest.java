package io.sediment.metadata.liveness;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.Broker;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PassSealedLane;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.UUID;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** Three brokers, each with a lane of its number; broker 0 leads the Raft group. */
class FailoverWatchTest {
  private static final Duration LEASE = Duration.ofMillis(1500);

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "host", 1);
  private final BrokerLeases leases = new BrokerLeases(LEASE);
  private final Timeline time = new Timeline();

  FailoverWatchTest() {
    for (int broker = 1; broker < 3; broker++) {
      long epoch =
          metadata.accept(new RegisterBroker(broker, new UUID(1, broker), "host", 1, null));
      LaneId lane = new LaneId(broker);
      metadata.accept(new RegisterLane(lane, broker));
      long laneEpoch = metadata.accept(new OpenLane(lane, broker, epoch));
      metadata.accept(new LaneOpened(lane, laneEpoch, Map.of()));
    }
  }

  /** Runs tasks in order of time; its clock stands still while they run. */
  private static final class Timeline implements Scheduler {
    private record Task(long at, long number, Runnable work) {}

    private final PriorityQueue<Task> tasks =
        new PriorityQueue<>(
            (a, b) -> a.at == b.at ? Long.compare(a.number, b.number) : Long.compare(a.at, b.at));
    private long now;
    private long count;

    @Override
    public Cancellable schedule(Runnable work, Duration delay) {
      Task task = new Task(now + delay.toNanos(), count++, work);
      tasks.add(task);
      return () -> tasks.remove(task);
    }

    @Override
    public void execute(Runnable work) {
      schedule(work, Duration.ZERO);
    }

    void run(Duration length) {
      long end = now + length.toNanos();
      while (!tasks.isEmpty() && tasks.element().at <= end) {
        Task task = tasks.remove();
        now = Math.max(now, task.at);
        task.work.run();
      }
      now = end;
    }
  }

  private FailoverWatch watch() {
    return FailoverWatch.start(0, metadata, leases, time, () -> time.now);
  }

  private Lane lane(int id) {
    return metadata.image().lane(new LaneId(id));
  }

  /** Broker 1 is heard for so long, broker 2 never. */
  private void runHearing(Duration length) {
    for (long ms = 0; ms < length.toMillis(); ms += 50) {
      leases.renew(1, 1, time.now);
      time.run(Duration.ofMillis(50));
    }
  }

  @Test
  void aSilentBrokersLaneIsTakenAfterALeaseAndNobodyElses() {
    leases.lead();
    watch();
    runHearing(LEASE);
    assertThat(lane(2)).isEqualTo(new Lane(new LaneId(2), 2, 1, Lane.State.ACTIVE));
    runHearing(Duration.ofMillis(200));
    assertThat(lane(2)).isEqualTo(new Lane(new LaneId(2), 0, 2, Lane.State.SEALING));
    assertThat(lane(1).state()).isEqualTo(Lane.State.ACTIVE);
    assertThat(lane(0).state()).isEqualTo(Lane.State.ACTIVE);
    runHearing(LEASE.multipliedBy(3));
    assertThat(lane(2).epoch()).as("granted once").isEqualTo(2);
  }

  @Test
  void whoDoesNotLeadTakesNothing() {
    watch();
    time.run(LEASE.multipliedBy(3));
    assertThat(lane(1).state()).isEqualTo(Lane.State.ACTIVE);
    assertThat(lane(2).state()).isEqualTo(Lane.State.ACTIVE);
  }

  @Test
  void aLeaderThatSleptWaitsAnotherLease() {
    leases.lead();
    watch();
    runHearing(Duration.ofMillis(500));
    time.now += LEASE.multipliedBy(10).toNanos(); // the process was stopped, and everybody lives
    time.run(Duration.ofMillis(50));
    assertThat(lane(1).state()).isEqualTo(Lane.State.ACTIVE);
    assertThat(lane(2).state()).isEqualTo(Lane.State.ACTIVE);
    runHearing(LEASE.plusMillis(200));
    assertThat(lane(1).state()).isEqualTo(Lane.State.ACTIVE);
    assertThat(lane(2).state()).isEqualTo(Lane.State.SEALING);
  }

  @Test
  void aClosedWatchTakesNothing() {
    leases.lead();
    watch().close();
    time.run(LEASE.multipliedBy(3));
    assertThat(lane(2).state()).isEqualTo(Lane.State.ACTIVE);
  }

  @Test
  void whatADeadBrokerWasSealingOrLookedAfterGoesToTheDecider() {
    long granted = metadata.accept(new SealLane(new LaneId(1), 1, 2, 1));
    Predicate<Broker> alive = broker -> broker.id() != 2;
    assertThat(FailoverPolicy.plan(metadata.image(), 0, alive))
        .containsExactly(
            new SealLane(new LaneId(1), granted, 0, 1), new SealLane(new LaneId(2), 1, 0, 1));
    metadata.accept(new LaneSealed(new LaneId(1), granted, Map.of()));
    assertThat(FailoverPolicy.plan(metadata.image(), 0, alive))
        .containsExactly(
            new PassSealedLane(new LaneId(1), granted, 0, 1), new SealLane(new LaneId(2), 1, 0, 1));
  }

  @Test
  void whoIsNotRegisteredDecidesNothing() {
    assertThat(FailoverPolicy.plan(metadata.image(), 9, broker -> false)).isEmpty();
  }
}
