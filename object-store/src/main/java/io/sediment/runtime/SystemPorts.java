package io.sediment.runtime;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Random;
import java.util.random.RandomGenerator;

/** The real clocks and real chance, for {@code main} to hand to everybody else. */
@EdgeOfTheProcess
public final class SystemPorts {
  private SystemPorts() {}

  /** The process's monotonic clock. */
  public static Ticker ticker() {
    return System::nanoTime;
  }

  /** The wall clock, in UTC; may jump. */
  public static InstantSource wallClock() {
    return InstantSource.system();
  }

  /** Chance that is good enough for jitter and sampling; thread-safe. */
  public static RandomGenerator random() {
    return new Random(new SecureRandom().nextLong());
  }

  /** Chance that is good enough for identities and secrets; thread-safe. */
  public static RandomGenerator secureRandom() {
    return new SecureRandom();
  }
}
