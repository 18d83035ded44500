package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.DrainLane;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.ratis.Succession.Outcome;
import io.sediment.runtime.ManualScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.ratis.protocol.RaftPeerId;
import org.junit.jupiter.api.Test;

/** Broker 0 leads, and leaves; 1, 2 and 3 vote, too. */
class SuccessionTest {
  private static final Duration LEASE = Duration.ofSeconds(1);
  private static final Duration ATTEMPT_MAX = Duration.ofMillis(500);

  private final ManualScheduler scheduler = new ManualScheduler();
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(1, "localhost", 9092);

  private final LedGroup group = new LedGroup(3);

  /** What comes of asking: where Ratis is stuck, all fails at once. */
  private CompletableFuture<?> answer =
      CompletableFuture.failedFuture(new IOException("a previous request exists"));

  private final List<Integer> asked = new ArrayList<>();

  private final Succession succession =
      new Succession(group.division(), this::ask, metadata::image, scheduler, scheduler, LEASE);

  private CompletableFuture<?> ask(RaftPeerId next, Duration timeout) {
    assertThat(timeout).isEqualTo(ATTEMPT_MAX);
    asked.add(QuorumReport.broker(next));
    return answer;
  }

  @Test
  void whereRatisRefusesAllThatItIsAskedNobodyIsLeftAtOnce() {
    for (int voter = 0; voter < 3; voter++) {
      assertThat(succession.attempt()).isCompletedWithValue(Outcome.FAILED);
    }
    assertThat(succession.attempt()).isCompletedWithValue(Outcome.NOBODY_LEFT);
    assertThat(asked).containsExactly(1, 2, 3);
  }

  @Test
  void whereThereIsNoOtherVoterNobodyIsLeftAtOnce() {
    Succession alone =
        new Succession(
            new LedGroup(0).division(), this::ask, metadata::image, scheduler, scheduler, LEASE);
    assertThat(alone.attempt()).isCompletedWithValue(Outcome.NOBODY_LEFT);
    assertThat(asked).isEmpty();
  }

  @Test
  void whoIsSilentNowIsAskedOnceItIsHeard() {
    for (int voter = 1; voter <= 3; voter++) {
      group.heard(voter, 250);
    }
    assertThat(succession.attempt()).as("all are silent").isCompletedWithValue(Outcome.FAILED);
    assertThat(asked).isEmpty();
    group.heard(1, 0);
    group.heard(2, 0);
    succession.attempt();
    succession.attempt();
    assertThat(succession.attempt()).as("one is silent").isCompletedWithValue(Outcome.FAILED);
    assertThat(asked).containsExactly(1, 2);
    group.heard(3, 0);
    answer = CompletableFuture.completedFuture("leads");
    assertThat(succession.attempt()).isCompletedWithValue(Outcome.PASSED);
    assertThat(asked).containsExactly(1, 2, 3);
  }

  @Test
  void whoFallsSilentWhileItGetsWhatItLacksIsAskedOnceItIsHeard() {
    for (int voter = 1; voter <= 3; voter++) {
      group.knowsToHave(voter, LedGroup.LACKS_ALL);
    }
    CompletableFuture<Outcome> attempt = succession.attempt();
    for (int voter = 1; voter <= 3; voter++) {
      group.heard(voter, 250);
    }
    scheduler.advance(Duration.ofMillis(2));
    assertThat(attempt).isCompletedWithValue(Outcome.FAILED);
    group.heard(2, 0);
    group.knowsToHave(2, LedGroup.HAS_ALL);
    succession.attempt();
    assertThat(asked).containsExactly(2);
  }

  @Test
  void whoseBrokerLeavesTooIsAskedLast() {
    metadata.accept(new DrainLane(new LaneId(0), 1, 1, 1));
    for (int voter = 0; voter < 3; voter++) {
      succession.attempt();
    }
    assertThat(asked).containsExactly(2, 3, 1);
  }

  @Test
  void theMostCompleteOneIsAskedThatWasHeard() {
    group.knowsToHave(1, LedGroup.LACKS_ALL);
    group.heard(2, 201);
    answer = CompletableFuture.completedFuture("leads");
    assertThat(succession.attempt()).isCompletedWithValue(Outcome.PASSED);
    assertThat(asked).containsExactly(3);
  }

  @Test
  void whoLacksSomethingIsGivenTimeToGetIt() {
    group.knowsToHave(1, LedGroup.LACKS_ALL);
    group.heard(2, 201);
    group.heard(3, 201);
    CompletableFuture<Outcome> attempt = succession.attempt();
    scheduler.advance(Duration.ofMillis(100));
    assertThat(asked).isEmpty();
    group.knowsToHave(1, LedGroup.HAS_ALL);
    scheduler.advance(Duration.ofMillis(2));
    assertThat(asked).containsExactly(1);
    assertThat(attempt).isCompletedWithValue(Outcome.FAILED);
  }

  @Test
  void whoIsAskedAndDoesNotAnswerIsWaitedForNoLongerThanALease() {
    answer = new CompletableFuture<>();
    CompletableFuture<Outcome> attempt = succession.attempt();
    scheduler.advance(LEASE.minusMillis(1));
    assertThat(attempt).isNotDone();
    scheduler.advance(Duration.ofMillis(1));
    assertThat(attempt).isCompletedWithValue(Outcome.FAILED);
  }
}
