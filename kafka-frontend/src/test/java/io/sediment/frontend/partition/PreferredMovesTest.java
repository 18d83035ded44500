package io.sediment.frontend.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.DrainLane;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferLeaders;
import io.sediment.metadata.RaiseLogStarts;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.runtime.SystemPorts;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Broker 0 with lane 0 leads all partitions; some shall be led by broker 1 with lane 1. */
class PreferredMovesTest {
  private static final UUID TOPIC = new UUID(7, 7);
  private static final int PARTITIONS = 120;
  private static final LaneId LANE = new LaneId(0);
  private static final LaneId OTHER = new LaneId(1);

  private final Simulation simulation = new Simulation(1);
  private final SimScheduler process = simulation.process("broker 0");
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final PartitionLogs logs =
      new PartitionLogs(
          0,
          metadata,
          new FakeLane(0, 1, Runnable::run),
          (image, topic) -> Map.of(),
          SystemPorts.wallClock());
  private int flushes;
  private final PartitionHandoff handoff =
      new PartitionHandoff(0, 1, metadata, logs, LANE, 1, this::flush, process);
  private final PreferredMoves moves = PreferredMoves.start(metadata, logs, handoff, process);

  private CompletableFuture<Void> flush() {
    flushes++;
    return CompletableFuture.completedFuture(null);
  }

  PreferredMovesTest() {
    metadata.accept(
        new CreateTopics(
            List.of(
                new NewTopic(
                    TOPIC, "t", PARTITIONS, 2, Collections.nCopies(PARTITIONS, 0), Map.of()))));
    metadata.accept(new RegisterBroker(1, new UUID(2, 2), "other", 9093, null));
    metadata.accept(new RegisterLane(OTHER, 1));
    metadata.accept(new LaneOpened(OTHER, metadata.accept(new OpenLane(OTHER, 1, 1)), Map.of()));
  }

  private void prefer(int partitions) {
    metadata.accept(
        new PreferLeaders(
            IntStream.range(0, partitions)
                .mapToObj(i -> new PreferLeaders.Choice(new PartitionId(TOPIC, i), 1))
                .toList()));
  }

  private long ledBy(int broker) {
    return metadata.image().topic(TOPIC).partitions().stream()
        .filter(partition -> metadata.image().leaderOf(partition) == broker)
        .count();
  }

  private void runOn() {
    simulation.runFor(Duration.ofSeconds(10));
  }

  @Test
  void partitionsGoToWhomTheyShallBeLedBySomeAtATime() {
    prefer(PARTITIONS - 10);
    runOn();
    assertThat(ledBy(1)).isEqualTo(PARTITIONS - 10);
    assertThat(ledBy(0)).isEqualTo(10);
    assertThat(flushes).as("two for each 50").isEqualTo(6);
  }

  @Test
  void whoTakesNoPartitionsIsWaitedFor() {
    metadata.accept(new DrainLane(OTHER, 1, 1, 1));
    metadata.accept(
        new PreferLeaders(List.of(new PreferLeaders.Choice(new PartitionId(TOPIC, 0), 0))));
    runOn();
    assertThat(flushes).isZero();
    long epoch = metadata.accept(new OpenLane(OTHER, 1, 1));
    metadata.accept(new LaneOpened(OTHER, epoch, Map.of()));
    prefer(1);
    metadata.accept(new DrainLane(OTHER, epoch, 1, 1));
    runOn();
    assertThat(ledBy(1)).isZero();
    assertThat(flushes).as("nothing was held up").isZero();

    epoch = metadata.accept(new OpenLane(OTHER, 1, 1));
    metadata.accept(new LaneOpened(OTHER, epoch, Map.of()));
    runOn();
    assertThat(ledBy(1)).isEqualTo(1);
  }

  @Test
  void oneThatCannotGoIsPassedOver() {
    metadata.accept(new RaiseLogStarts(Map.of(new PartitionId(TOPIC, 1), 10L)));
    prefer(3);
    runOn();
    assertThat(ledBy(1)).isEqualTo(2);
    assertThat(flushes).isEqualTo(2);
    prefer(4);
    runOn();
    assertThat(ledBy(1)).isEqualTo(3);
    assertThat(flushes).isEqualTo(4);
  }

  @Test
  void nothingIsMovedAfterTheEnd() {
    moves.close();
    prefer(5);
    runOn();
    assertThat(ledBy(1)).isZero();
  }
}
