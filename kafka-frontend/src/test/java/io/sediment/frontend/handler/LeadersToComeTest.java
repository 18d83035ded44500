package io.sediment.frontend.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.OpenLane;
import io.sediment.runtime.ManualScheduler;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LeadersToComeTest {
  private static final LaneId LANE = new LaneId(0);
  private static final Duration MOMENT = Duration.ofMillis(20);

  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(0, "localhost", 9092);
  private final ManualScheduler time = new ManualScheduler();
  private final LeadersToCome leaders = new LeadersToCome(metadata, time, time);
  private boolean known;

  private CompletableFuture<Void> ask() {
    return leaders.await(() -> known, Runnable::run);
  }

  @Test
  void whereNoLaneHasLostItsWriterNobodyWaits() {
    assertThat(ask()).isCompleted();
  }

  @Test
  void whoAsksWhileALaneHasNoWriterIsAnsweredWhenTheLeaderIsKnown() {
    long epoch = metadata.accept(new OpenLane(LANE, 0, 1));
    CompletableFuture<Void> asked = ask();
    time.advance(Duration.ofMillis(900));
    assertThat(asked).isNotDone();
    metadata.accept(new LaneOpened(LANE, epoch, Map.of()));
    known = true;
    time.advance(MOMENT);
    assertThat(asked).isCompleted();
    assertThat(ask()).isCompleted();
  }

  @Test
  void aLaneThatStaysWithoutAWriterHoldsNobodyForLong() {
    metadata.accept(new OpenLane(LANE, 0, 1));
    CompletableFuture<Void> asked = ask();
    time.advance(LeadersToCome.WAIT_MAX.plus(MOMENT));
    assertThat(asked).isCompleted();
    assertThat(ask()).isCompleted();
    metadata.accept(new OpenLane(LANE, 0, 1)); // another attempt is no news
    assertThat(ask()).isCompleted();
    assertThat(time.pending()).isZero();
  }
}
