package io.sediment.cluster.tools;

import io.sediment.runtime.Ticker;
import java.io.PrintStream;
import java.time.Duration;

/** Says now and then, on stderr, how far long work has come. */
final class Progress {
  private static final Duration INTERVAL = Duration.ofSeconds(2);

  private final PrintStream err;
  private final Ticker ticker;
  private final long begin;
  private long saidAt;
  private long objects;

  Progress(PrintStream err, Ticker ticker) {
    this.err = err;
    this.ticker = ticker;
    this.begin = ticker.nanoTime();
    this.saidAt = begin;
  }

  /** Names what is looked at now. */
  void says(String what) {
    if (isTime()) {
      err.println("... " + what);
    }
  }

  /**
   * @param more objects read since
   * @param bytes read in all
   */
  void read(long more, long bytes) {
    objects += more;
    if (isTime()) {
      double seconds = (saidAt - begin) / 1e9;
      err.printf(
          "... %d objects, %.1f MB read, %.1f MB/s%n",
          objects, bytes / 1e6, bytes / 1e6 / Math.max(seconds, 1e-3));
    }
  }

  private boolean isTime() {
    long now = ticker.nanoTime();
    if (now - saidAt < INTERVAL.toNanos()) {
      return false;
    }
    saidAt = now;
    return true;
  }
}
