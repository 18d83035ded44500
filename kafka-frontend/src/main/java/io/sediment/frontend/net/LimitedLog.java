package io.sediment.frontend.net;

import io.sediment.runtime.Ticker;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/**
 * Log lines that strangers can provoke: at most ten a second, and how many were left out; each is
 * one line of bounded length, whatever names of theirs are in it. So a client that sends garbage in
 * a loop costs neither disk nor the sight of other lines, and forges none. Thread-safe.
 */
final class LimitedLog {
  static final int LINES_PER_SECOND = 10;
  static final int CHARS_PER_LINE = 500;

  private final Logger log;
  private final Ticker ticker;
  private long secondBeganNanos; // guarded by this
  private int linesThisSecond; // guarded by this
  private long leftOut; // guarded by this

  LimitedLog(Logger log, Ticker ticker) {
    this.log = log;
    this.ticker = ticker;
    this.secondBeganNanos = ticker.nanoTime();
  }

  void warn(String text) {
    long unsaid;
    synchronized (this) {
      long now = ticker.nanoTime();
      if (now - secondBeganNanos >= TimeUnit.SECONDS.toNanos(1)) {
        secondBeganNanos = now;
        linesThisSecond = 0;
      }
      if (linesThisSecond >= LINES_PER_SECOND) {
        leftOut++;
        return;
      }
      linesThisSecond++;
      unsaid = leftOut;
      leftOut = 0;
    }
    String line = printable(text);
    if (unsaid == 0) {
      log.warn("{}", line);
    } else {
      log.warn("{} ({} similar lines left out)", line, unsaid);
    }
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
