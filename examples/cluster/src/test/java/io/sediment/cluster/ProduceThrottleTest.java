package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProduceThrottleTest {
  @ParameterizedTest(name = "{0} of {1} bytes unacknowledged: {2} ms")
  @CsvSource({
    "0, 100, 0",
    "50, 100, 0",
    "51, 100, 20",
    "75, 100, 500",
    "100, 100, 1000",
    "900, 100, 1000"
  })
  void thePauseGrowsFromHalfOfTheLimitOn(long unacked, long limit, int pauseMs) {
    assertThat(ProduceThrottle.pauseMs(unacked, limit)).isEqualTo(pauseMs);
  }
}
