package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CompactionPaceTest {
  private static final long BYTES_PER_SECOND = 1_000;

  private final List<Duration> waits = new ArrayList<>();
  private final Scheduler scheduler =
      new Scheduler() {
        @Override
        public Cancellable schedule(Runnable task, Duration delay) {
          waits.add(delay);
          return () -> {};
        }

        @Override
        public void execute(Runnable task) {
          task.run();
        }
      };
  private long now = Long.MAX_VALUE - Duration.ofSeconds(2).toNanos(); // a ticker may wrap around

  private CompactionPace pace(long bytesPerSecond) {
    return new CompactionPace(scheduler, () -> now, bytesPerSecond);
  }

  @Test
  void whoTakesAllTheTimeGetsWhatIsAllowed() {
    CompactionPace pace = pace(BYTES_PER_SECOND);
    for (int i = 0; i < 4; i++) {
      assertThat(pace.take(250)).isNotDone();
      now += Duration.ofMillis(250).toNanos();
    }
    assertThat(waits).containsOnly(Duration.ofMillis(250));
  }

  @Test
  void whatIsTakenAtOnceIsWaitedForOneAfterTheOther() {
    CompactionPace pace = pace(BYTES_PER_SECOND);
    pace.take(500);
    pace.take(1_000);
    assertThat(waits).containsExactly(Duration.ofMillis(500), Duration.ofMillis(1_500));
  }

  @Test
  void aPauseEarnsNoBurst() {
    CompactionPace pace = pace(BYTES_PER_SECOND);
    pace.take(500);
    now += Duration.ofSeconds(10).toNanos();
    assertThat(pace.take(500)).isNotDone();
    assertThat(waits).containsExactly(Duration.ofMillis(500), Duration.ofMillis(500));
  }

  @Test
  void withoutALimitNobodyWaits() {
    assertThat(pace(0).take(1L << 40)).isDone();
    assertThat(waits).isEmpty();
  }
}
