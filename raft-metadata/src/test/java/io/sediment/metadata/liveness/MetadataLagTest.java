package io.sediment.metadata.liveness;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What counts as lagging behind, with time in hand. */
class MetadataLagTest {
  private static final long LONGEST = 1_000;

  private long applied = 10;
  private long now = Long.MAX_VALUE - 500; // monotonic clocks may wrap around
  private final MetadataLag lag = new MetadataLag(() -> applied, Duration.ofNanos(LONGEST));

  private boolean isTooLong() {
    return lag.isTooLong(now);
  }

  @Test
  void whoHasEverythingIsNeverBehind() {
    lag.told(now, HeartbeatReply.NOTHING_EXPORTED);
    lag.told(now, 10);
    now += 100 * LONGEST;
    assertThat(isTooLong()).isFalse();
  }

  @Test
  void whatIsMissingMayArriveForAWhile() {
    lag.told(now, 11);
    now += LONGEST;
    assertThat(isTooLong()).isFalse();
    now += 1;
    assertThat(isTooLong()).isTrue();
    applied = 11;
    assertThat(isTooLong()).isFalse();
    now += 100 * LONGEST;
    assertThat(isTooLong()).as("nothing was missed since").isFalse();
  }

  @Test
  void whoIsToldOfSomethingNewAllTheTimeIsNotBehindWhileEachThingArrives() {
    for (int i = 0; i < 100; i++) {
      lag.told(now, applied + 5);
      now += LONGEST / 3;
      lag.told(now, applied + 10);
      now += LONGEST / 3;
      applied += 5;
      assertThat(isTooLong()).isFalse();
    }
  }

  @Test
  void newerThingsThatAreMissingAsWellBuyNoTime() {
    for (int i = 0; i <= LONGEST; i += 100) {
      lag.told(now + i, 11 + i);
    }
    now += LONGEST + 1;
    assertThat(isTooLong()).isTrue();
  }

  @Test
  void anAnswerThatComesLateTellsOfNothingThatIsMissing() {
    long asked = now;
    now += 2 * LONGEST;
    applied = 12;
    lag.told(asked, 11);
    assertThat(isTooLong()).isFalse();
  }
}
