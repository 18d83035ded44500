package io.sediment.frontend.net;

import io.sediment.runtime.Ticker;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Log lines that strangers can provoke: at most ten a second, and how many were left out; each is
 * one line of bounded length, whatever names of theirs are in it. So a client that sends garbage in
 * a loop costs neither disk nor the sight of other lines, and forges none. Where the reason is a
 * mistake of ours, a stack trace goes with the line, at most one a minute. Thread-safe.
 */
final class LimitedLog {
  static final int LINES_PER_SECOND = 10;
  static final int CHARS_PER_LINE = 500;
  static final long TRACE_PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Logger log;
  private final Ticker ticker;
  private long secondBeganNanos; // guarded by this
  private int linesThisSecond; // guarded by this
  private long leftOut; // guarded by this
  private long tracedNanos; // guarded by this

  LimitedLog(Logger log, Ticker ticker) {
    this.log = log;
    this.ticker = ticker;
    this.secondBeganNanos = ticker.nanoTime();
    this.tracedNanos = secondBeganNanos - TRACE_PAUSE_NANOS;
  }

  void warn(String text) {
    String line = admitted(text);
    if (line != null) {
      log.warn("{}", line);
    }
  }

  /** With {@code cause} itself in the line. */
  void error(String text, Throwable cause) {
    String line = admitted(text + ": " + cause);
    if (line == null) {
      return;
    }
    if (mayTrace()) {
      log.error("{}", line, cause);
    } else {
      log.error("{}", line);
    }
  }

  /** What to say instead of {@code text}; null to say nothing. */
  private synchronized @Nullable String admitted(String text) {
    long now = ticker.nanoTime();
    if (now - secondBeganNanos >= TimeUnit.SECONDS.toNanos(1)) {
      secondBeganNanos = now;
      linesThisSecond = 0;
    }
    if (linesThisSecond >= LINES_PER_SECOND) {
      leftOut++;
      return null;
    }
    linesThisSecond++;
    String line = printable(text);
    if (leftOut > 0) {
      line += " (" + leftOut + " similar lines left out)";
      leftOut = 0;
    }
    return line;
  }

  private synchronized boolean mayTrace() {
    long now = ticker.nanoTime();
    if (now - tracedNanos < TRACE_PAUSE_NANOS) {
      return false;
    }
    tracedNanos = now;
    return true;
  }

  private static String printable(String text) {
    boolean cut = text.length() > CHARS_PER_LINE;
    StringBuilder line = new StringBuilder(cut ? text.substring(0, CHARS_PER_LINE) + "…" : text);
    for (int i = 0; i < line.length(); i++) {
      if (Character.isISOControl(line.charAt(i))) {
        line.setCharAt(i, '?');
      }
    }
    return line.toString();
  }
}
