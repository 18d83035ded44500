package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HedgePolicyTest {
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  @ParameterizedTest(name = "{0} bytes")
  @CsvSource({
    "1, 0",
    "65536, 0",
    "65537, 1",
    "524288, 1",
    "2097152, 2",
    "8388608, 3",
    "8388609, 4",
  })
  void putsOfLikeSizeAreCompared(long bytes, int expected) {
    assertThat(HedgePolicy.sizeClass(bytes)).isEqualTo(expected);
  }

  @Test
  void nothingIsSlowBeforeThereIsAPast() {
    LatencyHistogram latencies = new LatencyHistogram();
    for (int i = 0; i < 19; i++) {
      latencies.record(60 * MILLI);
      assertThat(HedgePolicy.slowAfterNanos(latencies)).isEqualTo(HedgePolicy.NEVER);
    }
    latencies.record(60 * MILLI);

    assertThat((double) HedgePolicy.slowAfterNanos(latencies))
        .isCloseTo(60.0 * MILLI, Percentage.withPercentage(13));
  }

  @Test
  void slowIsSlowerThanNinetyOfAHundred() {
    LatencyHistogram latencies = new LatencyHistogram();
    for (int i = 1; i <= 100; i++) {
      latencies.record(i * MILLI);
    }

    assertThat((double) HedgePolicy.slowAfterNanos(latencies))
        .isCloseTo(90.0 * MILLI, Percentage.withPercentage(13));
  }

  @Test
  void aStoreThatBecameSlowIsNoLongerComparedWithItsPast() {
    LatencyHistogram latencies = new LatencyHistogram();
    for (int i = 0; i < 10_000; i++) {
      latencies.record(10 * MILLI);
    }
    for (int i = 0; i < 2 * LatencyHistogram.FADE_AT; i++) {
      latencies.record(100 * MILLI);
    }

    assertThat((double) latencies.quantileNanos(0.5))
        .isCloseTo(100.0 * MILLI, Percentage.withPercentage(13));
    assertThat(latencies.total()).isLessThan(LatencyHistogram.FADE_AT);
  }

  @Test
  void everyLatencyHasItsBucket() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 1_000; i++) {
      long nanos = random.nextLong() >>> random.nextInt(1, 64);
      LatencyHistogram latencies = new LatencyHistogram();
      latencies.record(nanos);
      if (nanos >= 1 << 16 && nanos < 1L << 46) {
        assertThat(latencies.quantileNanos(0.95)).isBetween(nanos, nanos + nanos / 7);
      } else {
        assertThat(latencies.quantileNanos(0.95)).isPositive();
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "slow and two hedges earned,      20,  100, -1, true",
    "slow and only the reserve left,  19,  100, -1, false",
    "stuck may use the reserve,       10,  300, -1, true",
    "not quite stuck may not,         10,  299, -1, false",
    "nothing earned,                  9,   900, -1, false",
    "not slow yet,                    80,  99,  -1, false",
    "long after it was throttled,     80,  100, 10, true",
    "soon after it was throttled,     80,  900, 9,  false",
  })
  void aHedgeIsEarnedByTenPutsToACalmStore(
      String what, int putsSaved, long elapsedMillis, long sinceThrottled, boolean expected) {
    long since = sinceThrottled < 0 ? HedgePolicy.NEVER : sinceThrottled * SECOND;

    assertThat(HedgePolicy.mayHedge(putsSaved, elapsedMillis * MILLI, 100 * MILLI, since))
        .isEqualTo(expected);
  }

  @Test
  void atMostOneInTenPutsIsHedgedHoweverLongItWasCalm() {
    PutHistory history = new PutHistory(true);
    int puts = 0;
    int hedges = 0;
    for (int i = 0; i < 1_000; i++) {
      history.putSent();
      puts++;
    }
    while (history.takeHedge(9 * SECOND, 0, SECOND)) {
      hedges++;
    }
    assertThat(hedges).isEqualTo(HedgePolicy.HEDGES_SAVED_MAX);
    for (int i = 0; i < 1_000; i++) {
      history.putSent();
      puts++;
      hedges += history.takeHedge(9 * SECOND, 0, SECOND) ? 1 : 0;
    }

    assertThat(hedges * HedgePolicy.PUTS_PER_HEDGE).isLessThanOrEqualTo(puts);
  }

  @Test
  void aProfileWithoutHedgingNeverHedges() {
    PutHistory history = new PutHistory(false);
    for (int i = 0; i < 100; i++) {
      history.putSent();
      history.answered(1_000, MILLI);
    }

    assertThat(history.slowAfterNanos(1_000)).isEqualTo(HedgePolicy.NEVER);
    assertThat(history.takeHedge(9 * SECOND, 0, SECOND)).isFalse();
  }

  @Test
  void backoffDoublesToItsLimitAndLeavesHalfToChance() {
    SplittableRandom random = new SplittableRandom(1);
    long limitNanos = Backoff.FIRST.toNanos();
    for (int failures = 1; failures < 100; failures++) {
      assertThat(Backoff.after(failures, random).toNanos()).isBetween(limitNanos / 2, limitNanos);
      limitNanos = Math.min(Backoff.LAST.toNanos(), 2 * limitNanos);
    }
    assertThat(Backoff.longest(random)).isBetween(Backoff.LAST.dividedBy(2), Backoff.LAST);
  }
}
