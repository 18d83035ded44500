package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RetentionClassTest {
  private static final long HOUR_MS = 3_600_000;

  @Test
  void likeGoesWithLike() {
    assertThat(RetentionClass.ofRetentionMs(-1)).isEqualTo(RetentionClass.FOR_EVER);
    assertThat(RetentionClass.ofRetentionMs(0)).isEqualTo(2);
    assertThat(RetentionClass.ofRetentionMs(HOUR_MS / 2)).isEqualTo(2);
    assertThat(RetentionClass.ofRetentionMs(HOUR_MS)).isEqualTo(3);
    assertThat(RetentionClass.ofRetentionMs(HOUR_MS + 1)).isEqualTo(4);
    assertThat(RetentionClass.ofRetentionMs(24 * 7 * HOUR_MS)).isEqualTo(11);
    assertThat(RetentionClass.ofRetentionMs(Long.MAX_VALUE)).isLessThan(60);
  }
}
