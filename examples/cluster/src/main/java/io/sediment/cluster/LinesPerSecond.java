package io.sediment.cluster;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.HashMap;
import java.util.Map;

/**
 * For an appender of {@code logback.xml}: of each class at most ten lines a second, and how many
 * were left out. So whoever floods one of them hides neither what the others say nor that there is
 * more. Thread-safe.
 */
public final class LinesPerSecond extends Filter<ILoggingEvent> {
  static final int LINES_MAX = 10;

  private static final class Second {
    private long number;
    private int lines;
    private long leftOut;
  }

  private final Map<String, Second> seconds = new HashMap<>(); // by logger; guarded by this

  @Override
  public FilterReply decide(ILoggingEvent event) {
    long unsaid;
    synchronized (this) {
      Second second = seconds.computeIfAbsent(event.getLoggerName(), none -> new Second());
      long number = event.getInstant().getEpochSecond();
      if (number != second.number) {
        second.number = number;
        second.lines = 0;
      }
      if (second.lines >= LINES_MAX) {
        second.leftOut++;
        return FilterReply.DENY;
      }
      second.lines++;
      unsaid = second.leftOut;
      second.leftOut = 0;
    }
    if (unsaid > 0) {
      ((LoggerContext) getContext())
          .getLogger(LinesPerSecond.class)
          .warn("{} lines of {} left out", unsaid, event.getLoggerName());
    }
    return FilterReply.NEUTRAL;
  }
}
