package io.sediment.frontend.net;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LimitedLogTest {
  private final AtomicLong nowNanos = new AtomicLong();
  private final LimitedLog log =
      new LimitedLog(LoggerFactory.getLogger(LimitedLogTest.class), nowNanos::get);

  @Test
  void aFloodIsTenLinesASecondAndACount() {
    try (LogLines lines = LogLines.of(LimitedLogTest.class)) {
      for (int i = 0; i < 25; i++) {
        log.warn("line " + i);
      }
      assertThat(lines.all()).hasSize(LimitedLog.LINES_PER_SECOND).endsWith("line 9");
      nowNanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
      log.warn("later");
      log.warn("and again");
      assertThat(lines.all())
          .hasSize(LimitedLog.LINES_PER_SECOND + 2)
          .endsWith("later (15 similar lines left out)", "and again");
    }
  }

  @Test
  void ourMistakesAreTracedOnceAMinuteAndNamedInEachLine() {
    try (LogLines lines = LogLines.of(LimitedLogTest.class)) {
      IllegalStateException why = new IllegalStateException("why\nforged");
      for (int i = 0; i < 25; i++) {
        log.error("failed", why);
      }
      assertThat(lines.all())
          .hasSize(LimitedLog.LINES_PER_SECOND)
          .containsOnly("failed: java.lang.IllegalStateException: why?forged");
      assertThat(lines.traces()).isEqualTo(1);
      nowNanos.addAndGet(LimitedLog.TRACE_PAUSE_NANOS);
      log.error("failed", why);
      assertThat(lines.all()).last().asString().endsWith(" (15 similar lines left out)");
      assertThat(lines.traces()).isEqualTo(2);
    }
  }

  @Test
  void namesThatStrangersChooseMakeNoLinesOfTheirOwn() {
    try (LogLines lines = LogLines.of(LimitedLogTest.class)) {
      log.warn("topic a\r\nERROR forged\u001b[2J");
      log.warn("x".repeat(1 << 20));
      assertThat(lines.all())
          .containsExactly(
              "topic a??ERROR forged?[2J", "x".repeat(LimitedLog.CHARS_PER_LINE) + "…");
    }
  }
}
