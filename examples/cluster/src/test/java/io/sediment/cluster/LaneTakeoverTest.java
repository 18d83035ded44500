package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LaneTakeoverTest {
  private static final LaneId OWN = new LaneId(0);
  private static final LaneId DEAD = new LaneId(1);

  private final Simulation simulation = new Simulation(1);
  private final SimScheduler process = simulation.process("broker");
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private CompletableFuture<Map<PartitionId, Long>> answer =
      CompletableFuture.completedFuture(Map.of());
  private int claims;

  private LaneTakeover takeOverFromADeadBroker() {
    long dead = metadata.accept(new RegisterBroker(1, new UUID(1, 1), "localhost", 9093, null));
    metadata.accept(new RegisterLane(DEAD, 1));
    long epoch = metadata.accept(new OpenLane(DEAD, 1, dead));
    metadata.accept(new LaneOpened(DEAD, epoch, Map.of()));
    long brokerEpoch = metadata.image().broker(0).epoch();
    LaneTakeover takeover =
        new LaneTakeover(
            metadata,
            0,
            brokerEpoch,
            OWN,
            (lane, granted) -> {
              claims++;
              return answer;
            },
            process,
            process);
    metadata.accept(new SealLane(DEAD, epoch, 0, brokerEpoch));
    return takeover;
  }

  @Test
  void aLaneThatFailsIsTriedLessAndLessOftenAndCountedUntilItIsPlaced() {
    answer = CompletableFuture.failedFuture(new IllegalStateException("unavailable"));
    LaneTakeover takeover = takeOverFromADeadBroker();
    simulation.runFor(Duration.ofSeconds(80));
    assertThat(claims).isEqualTo(10); // after 0 s, 0.1 s, 0.3 s, ... 25.5 s, 51.1 s
    assertThat(takeover.failing()).isEqualTo(1);

    answer = CompletableFuture.completedFuture(Map.of());
    simulation.runFor(LaneTakeover.PAUSE_MAX);
    assertThat(metadata.image().lane(DEAD).state()).isEqualTo(Lane.State.SEALED);
    assertThat(takeover.failing()).isZero();
  }

  @Test
  void aCorruptLaneIsTriedAfterTheLongestPauseOnly() {
    answer = CompletableFuture.failedFuture(new CorruptObjectException("footer crc"));
    takeOverFromADeadBroker();
    simulation.runFor(Duration.ofSeconds(80));
    assertThat(claims).isEqualTo(3);
  }

  @Test
  void aLaneThatWentToSomebodyElseIsNotCounted() {
    answer = CompletableFuture.failedFuture(new IllegalStateException("unavailable"));
    LaneTakeover takeover = takeOverFromADeadBroker();
    long other = metadata.accept(new RegisterBroker(2, new UUID(1, 2), "localhost", 9094, null));
    metadata.accept(new SealLane(DEAD, metadata.image().lane(DEAD).epoch(), 2, other));
    simulation.runFor(Duration.ofMinutes(5));
    assertThat(claims).isEqualTo(1);
    assertThat(takeover.failing()).isZero();
  }

  /** Each of two processes of this broker, begun at once, has registered a lane. */
  @Test
  void whatAnEarlierProcessOfThisBrokerAppendedToIsTakenOverToo() {
    long brokerEpoch = metadata.image().broker(0).epoch();
    metadata.accept(new RegisterLane(DEAD, 0));
    long epoch = metadata.accept(new OpenLane(DEAD, 0, brokerEpoch));
    metadata.accept(new LaneOpened(DEAD, epoch, Map.of()));
    LaneId unused = new LaneId(2);
    metadata.accept(new RegisterLane(unused, 0));
    new LaneTakeover(metadata, 0, brokerEpoch, OWN, (lane, granted) -> answer, process, process);
    simulation.runFor(Duration.ofSeconds(1));
    assertThat(metadata.image().lane(DEAD))
        .isEqualTo(new Lane(DEAD, 0, epoch + 1, Lane.State.SEALED));
    assertThat(metadata.image().lane(OWN).state()).isEqualTo(Lane.State.ACTIVE);
    assertThat(metadata.image().lane(unused).state()).isEqualTo(Lane.State.OPENING);

    LaneId late = new LaneId(3);
    metadata.accept(new RegisterLane(late, 0));
    metadata.accept(new OpenLane(late, 0, brokerEpoch));
    simulation.runFor(Duration.ofSeconds(1));
    assertThat(metadata.image().lane(late).state()).isEqualTo(Lane.State.SEALED);
  }

  @Test
  void theBoundOfThePause() {
    assertThat(LaneTakeover.pauseAfter(1)).isEqualTo(LaneTakeover.PAUSE);
    assertThat(LaneTakeover.pauseAfter(9)).isEqualTo(Duration.ofMillis(25_600));
    assertThat(LaneTakeover.pauseAfter(10)).isEqualTo(LaneTakeover.PAUSE_MAX);
    assertThat(LaneTakeover.pauseAfter(Integer.MAX_VALUE)).isEqualTo(LaneTakeover.PAUSE_MAX);
  }
}
