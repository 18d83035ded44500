package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.MetadataQuorum.Member;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.ratis.Succession.Outcome;
import io.sediment.runtime.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Broker 0 leaves; 1 and 2 stay. */
class DepartureTest {
  private static final int LEAVING = 0;
  private static final Duration LEASE = Duration.ofSeconds(1);
  private static final long COMMITTED = 9;
  private static final long UNHEARD = -1;

  private final ManualScheduler scheduler = new ManualScheduler();
  private CompletableFuture<MetadataQuorum> answer =
      CompletableFuture.failedFuture(new MetadataUnavailableException("no leader"));

  /** How often it has to be passed on until this broker leads no longer. */
  private int leads;

  /** How often it was passed on. */
  private int passed;

  /** How many there are to ask. */
  private int askedMax = Integer.MAX_VALUE;

  private CompletableFuture<Boolean> depart() {
    return Departure.whenDispensable(
        LEAVING, () -> leads > 0, this::pass, () -> answer, scheduler, scheduler, LEASE);
  }

  private CompletableFuture<Outcome> pass() {
    passed++;
    if (passed > askedMax) {
      return CompletableFuture.completedFuture(Outcome.NOBODY_LEFT);
    }
    leads--;
    return CompletableFuture.completedFuture(leads == 0 ? Outcome.PASSED : Outcome.FAILED);
  }

  private static CompletableFuture<MetadataQuorum> led(int leader, long lastOf1, long lastOf2) {
    return CompletableFuture.completedFuture(
        new MetadataQuorum(
            leader,
            3,
            COMMITTED,
            COMMITTED + 1,
            List.of(
                member(0, true, COMMITTED),
                member(1, true, lastOf1),
                member(2, true, lastOf2),
                member(3, false, COMMITTED))));
  }

  private static Member member(int broker, boolean votes, long lastIndex) {
    return new Member(
        broker,
        new UUID(0, broker),
        new HostPort("broker-" + broker, 1),
        votes,
        lastIndex,
        Duration.ZERO);
  }

  @Test
  void itStaysUntilTheNextLeaderHasHeardTheOther() {
    CompletableFuture<Boolean> departure = depart();
    answer = led(1, COMMITTED + 1, UNHEARD);
    scheduler.advance(Duration.ofMillis(500));
    assertThat(departure).as("the majority needs the one that leaves").isNotDone();
    answer = led(1, COMMITTED + 1, COMMITTED);
    scheduler.advance(Duration.ofMillis(10));
    assertThat(departure).isCompletedWithValue(true);
  }

  @Test
  void itIsNotDispensableWhileItLeads() {
    answer = led(LEAVING, COMMITTED, COMMITTED);
    CompletableFuture<Boolean> departure = depart();
    assertThat(departure).isNotDone();
    answer = led(2, COMMITTED, COMMITTED);
    scheduler.advance(Duration.ofMillis(10));
    assertThat(departure).isCompletedWithValue(true);
  }

  @Test
  void whatDoesNotComeOffIsTriedAgainAndSoIsWhatComesBack() {
    answer = led(2, COMMITTED, UNHEARD);
    leads = 2;
    CompletableFuture<Boolean> departure = depart();
    scheduler.advance(Duration.ofMillis(200));
    assertThat(passed).isEqualTo(2);
    assertThat(departure).as("the majority needs it").isNotDone();
    leads = 1;
    scheduler.advance(Duration.ofMillis(200));
    assertThat(passed).isEqualTo(3);
    answer = led(2, COMMITTED, COMMITTED);
    scheduler.advance(Duration.ofMillis(10));
    assertThat(departure).isCompletedWithValue(true);
  }

  @Test
  void whoseLeadNobodyTakesLeavesAfterTwoLeases() {
    leads = Integer.MAX_VALUE;
    CompletableFuture<Boolean> departure = depart();
    scheduler.advance(LEASE.multipliedBy(2));
    assertThat(departure).isCompletedWithValue(false);
    int until = passed;
    scheduler.advance(LEASE);
    assertThat(passed).isEqualTo(until).isGreaterThan(10);
  }

  @Test
  void whereNobodyIsLeftToAskItLeavesAtOnce() {
    leads = Integer.MAX_VALUE;
    askedMax = 2;
    CompletableFuture<Boolean> departure = depart();
    assertThat(departure).isNotDone();
    scheduler.advance(Duration.ofMillis(200));
    assertThat(departure).isCompletedWithValue(false);
    scheduler.advance(LEASE);
    assertThat(passed).isEqualTo(3);
  }

  @Test
  void whoIsSilentNowIsAskedOnceItIsHeard() {
    leads = 2;
    LedGroup group = new LedGroup(2);
    List<Integer> asked = new ArrayList<>();
    Succession succession =
        new Succession(
            group.division(),
            (next, timeout) -> {
              asked.add(QuorumReport.broker(next));
              return --leads == 0
                  ? CompletableFuture.completedFuture("leads")
                  : CompletableFuture.failedFuture(new MetadataUnavailableException("too late"));
            },
            () -> MetadataImage.empty("departure", 1),
            scheduler,
            scheduler,
            LEASE);
    group.heard(1, 250);
    group.heard(2, 250);
    CompletableFuture<Boolean> departure =
        Departure.whenDispensable(
            LEAVING,
            () -> leads > 0,
            succession::attempt,
            () -> answer,
            scheduler,
            scheduler,
            LEASE);
    assertThat(departure).as("all are silent").isNotDone();
    group.heard(1, 0);
    group.heard(2, 210);
    scheduler.advance(Duration.ofMillis(400));
    assertThat(asked).containsExactly(1);
    assertThat(departure).as("one is silent").isNotDone();
    group.heard(2, 0);
    answer = led(2, COMMITTED, COMMITTED);
    scheduler.advance(Duration.ofMillis(210));
    assertThat(asked).containsExactly(1, 2);
    assertThat(departure).isCompletedWithValue(true);
  }

  @Test
  void betweenTwoAttemptsIsTimeToWrite() {
    leads = Integer.MAX_VALUE;
    depart();
    scheduler.advance(LeaderRequests.PAUSE);
    assertThat(passed).isEqualTo(1);
  }

  @Test
  void itIsWorthToWaitOnlyForThoseWhoAreThere() {
    Duration heardMax = Duration.ofMillis(200);
    assertThat(Departure.isPossible(quorumOf(0, 200, 200), heardMax)).isTrue();
    assertThat(Departure.isPossible(quorumOf(0, 200, 201), heardMax)).isFalse();
    assertThat(Departure.isPossible(quorumOf(0, 200), heardMax)).as("two voters").isFalse();
  }

  private static MetadataQuorum quorumOf(int... silentMs) {
    List<Member> members = new ArrayList<>();
    for (int broker = 0; broker < silentMs.length; broker++) {
      members.add(
          new Member(
              broker,
              new UUID(0, broker),
              new HostPort("broker-" + broker, 1),
              true,
              COMMITTED,
              Duration.ofMillis(silentMs[broker])));
    }
    return new MetadataQuorum(LEAVING, 3, COMMITTED, COMMITTED, members);
  }

  @Test
  void whereNobodyAnswersItLeavesAfterTwoLeases() {
    answer = new CompletableFuture<>();
    CompletableFuture<Boolean> departure = depart();
    scheduler.advance(LEASE.multipliedBy(2).minusMillis(1));
    assertThat(departure).isNotDone();
    scheduler.advance(Duration.ofMillis(1));
    assertThat(departure).isCompletedWithValue(false);
  }
}
