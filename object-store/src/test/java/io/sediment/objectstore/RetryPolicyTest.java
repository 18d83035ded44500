package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RetryPolicyTest {
  private final RetryPolicy policy =
      new RetryPolicy(
          Duration.ofMillis(100),
          Duration.ofMillis(1000),
          Duration.ofMillis(3000),
          Duration.ofSeconds(10));
  private final Random random = new Random(1);

  @Test
  void delaysDoubleUpToTheLongest() {
    assertThat(delayMs(1, false)).isBetween(50L, 100L);
    assertThat(delayMs(2, false)).isBetween(100L, 200L);
    assertThat(delayMs(5, false)).isBetween(800L, 1600L);
    assertThat(delayMs(6, false)).isBetween(1500L, 3000L);
    assertThat(delayMs(1_000_000, false)).isBetween(1500L, 3000L);
  }

  @Test
  void aThrottlingStoreIsLeftAloneForLonger() {
    assertThat(delayMs(1, true)).isBetween(500L, 1000L);
    assertThat(delayMs(2, true)).isBetween(1000L, 2000L);
  }

  @Test
  void delaysDifferSoThatClientsDoNotComeBackTogether() {
    long distinct = random.longs(50).map(unused -> delayMs(3, false)).distinct().count();
    assertThat(distinct).isGreaterThan(20);
  }

  @Test
  void noAttemptStartsAfterTheDeadline() {
    assertThat(policy.nextDelay(1, false, Duration.ofMillis(9_900), random)).isPresent();
    assertThat(policy.nextDelay(1, false, Duration.ofMillis(9_951), random)).isEmpty();
    assertThat(policy.nextDelay(1, false, Duration.ofHours(1), random)).isEmpty();
  }

  @Test
  void delaysMustBePositiveAndOrdered() {
    assertThatThrownBy(
            () ->
                new RetryPolicy(
                    Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(
            () ->
                new RetryPolicy(
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(3),
                    Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private long delayMs(int failedAttempts, boolean throttled) {
    return policy
        .nextDelay(failedAttempts, throttled, Duration.ZERO, random)
        .orElseThrow()
        .toMillis();
  }
}
