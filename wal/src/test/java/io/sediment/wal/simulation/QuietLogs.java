package io.sediment.wal.simulation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/** Thousands of simulated outages warn of each: expected, and slow to print. */
public final class QuietLogs {
  private static final Logger LOGGER = (Logger) LoggerFactory.getLogger("io.sediment");

  private QuietLogs() {}

  public static void begin() {
    LOGGER.setLevel(Level.OFF);
  }

  public static void end() {
    LOGGER.setLevel(null);
  }
}
