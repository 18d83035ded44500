package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlushPolicyTest {
  private static final long NEVER = Long.MAX_VALUE;

  /** Milliseconds; -1 stands for never, or not before something changes. */
  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "nothing open means no put,                0,       false, 0, 9,  1000, -1",
    "a burst after a long pause gathers,       100,     false, 0, 0,  1000,  5",
    "the first batch of an idle log,           100,     false, 0, 2,  -1,    3",
    "the burst had time to arrive,             100,     false, 0, 5,  1000,  0",
    "within spacing it waits for the rest,     100,     false, 1, 0,  15,   25",
    "spacing just over,                        100,     false, 1, 30, 40,    0",
    "spacing over for one that has just begun, 100,     false, 1, 1,  39,    4",
    "a full object does not wait,              8388608, true,  3, 0,  1,     0",
    "four in flight is enough,                 8388608, true,  4, 9,  1000, -1",
    "four in flight though spacing is over,    100,     false, 4, 9,  1000, -1",
  })
  void startsAFlush(
      String what,
      long openBytes,
      boolean full,
      int inFlight,
      long sinceFirstByteMillis,
      long sinceStartMillis,
      long expected) {
    FlushPolicy policy = new FlushPolicy(WalProfile.LATENCY);

    long nanos =
        policy.nanosUntilStart(
            openBytes,
            full,
            inFlight,
            nanos(sinceFirstByteMillis),
            nanos(sinceStartMillis),
            policy.firstSpacingNanos());

    assertThat(nanos).isEqualTo(nanos(expected));
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "an idle log flushes at once,              1,       false, 0, true",
    "a little waits for the flush before,      1,       false, 1, false",
    "a little less than worth a put waits,     262143,  false, 1, false",
    "enough goes beside it,                    262144,  false, 3, true",
    "what was cut goes beside it,              1,       true,  1, true",
    "four in flight is enough,                 4194304, true,  4, false",
  })
  void aStoreWithoutPricesFlushesAtOnceOrInTheWakeOfTheLast(
      String what, long openBytes, boolean full, int inFlight, boolean now) {
    FlushPolicy policy = new FlushPolicy(WalProfile.LOCAL);

    long nanos =
        policy.nanosUntilStart(openBytes, full, inFlight, 0, 0, policy.firstSpacingNanos());

    assertThat(nanos).isEqualTo(now ? 0 : FlushPolicy.WHEN_SOMETHING_CHANGES);
  }

  @ParameterizedTest(name = "{0}")
  @CsvSource({
    "latency,  40, 40,  50000,  1000000, 40",
    "latency,  40, 40,  100001, 1000000, 60",
    "latency,  40, 200, 500000, 1000000, 250",
    "latency,  40, 90,  70000,  1000000, 90",
    "latency,  40, 90,  40000,  1000000, 60",
    "latency,  40, 50,  40000,  1000000, 40",
  })
  void spacingRisesWhileObjectsAreMostlyFooter(
      String what, long spacing, long before, long footerBytes, long objectBytes, long after) {
    FlushPolicy policy = new FlushPolicy(WalProfile.LATENCY);

    assertThat(policy.spacingNanosAfter(nanos(before), footerBytes, objectBytes))
        .isEqualTo(nanos(after));
  }

  @Test
  void footersDoNotSlowAStoreWithoutPrices() {
    FlushPolicy policy = new FlushPolicy(WalProfile.LOCAL);

    assertThat(policy.spacingNanosAfter(policy.firstSpacingNanos(), 900, 1000)).isZero();
  }

  @Test
  void anEmptyObjectTakesAnyBatchAndAFullOneNone() {
    FlushPolicy policy = new FlushPolicy(WalProfile.LATENCY);
    int max = WalProfile.LATENCY.objectBytesMax();

    assertThat(policy.fits(0, 10 * max)).isTrue();
    assertThat(policy.fits(max - 100, 100)).isTrue();
    assertThat(policy.fits(max - 100, 101)).isFalse();
    assertThat(policy.isFull(max - 1)).isFalse();
    assertThat(policy.isFull(max)).isTrue();
  }

  private static long nanos(long millis) {
    return millis < 0 ? NEVER : TimeUnit.MILLISECONDS.toNanos(millis);
  }
}
