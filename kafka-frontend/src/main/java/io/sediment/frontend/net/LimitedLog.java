package io.sediment.frontend.net;

import io.sediment.runtime.Ticker;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;

/**
 * Log lines that strangers can provoke: at most ten a second, and how many were left out. So a
 * client that sends garbage in a loop costs neither disk nor the sight of other lines. Thread-safe.
 */
final class LimitedLog {
  static final int LINES_PER_SECOND = 10;

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

  void warn(String line) {
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
    if (unsaid == 0) {
      log.warn("{}", line);
    } else {
      log.warn("{} ({} similar lines left out)", line, unsaid);
    }
  }
}
