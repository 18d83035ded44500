package io.sediment.wal;

import java.time.Duration;
import java.util.List;

/**
 * How a log trades latency for requests; follows from what the store charges.
 *
 * @param name what operators call it
 * @param spacing least time from one flush to the next while objects are not full
 * @param spacingMax how far spacing may rise when objects are mostly footer
 * @param gather how long the first batch of an object waits for company at least; requests that a
 *     client sends in one burst then share a put instead of the first one going alone
 * @param objectBytesMax bytes of batches in one object, header and footer not counted; a larger
 *     batch gets an object of its own
 * @param inFlightMax objects on their way at once
 * @param besideBytesMin bytes of batches that are worth a put beside others in flight; fewer wait
 *     for one of those to return, when all that came meanwhile goes in one object
 * @param hedging whether a slow put is sent a second time
 */
public record WalProfile(
    String name,
    Duration spacing,
    Duration spacingMax,
    Duration gather,
    int objectBytesMax,
    int inFlightMax,
    int besideBytesMin,
    boolean hedging) {
  private static final int MIB = 1 << 20;
  private static final int IN_FLIGHT = 4;
  private static final Duration GATHER = Duration.ofMillis(5);

  /**
   * For stores whose requests cost processor time only (filesystem, memory): an idle log flushes at
   * once, a busy one when the flush before has returned, or there is enough for another beside it.
   */
  public static final WalProfile LOCAL =
      new WalProfile(
          "local", Duration.ZERO, Duration.ZERO, Duration.ZERO, 4 * MIB, IN_FLIGHT, MIB / 4, false);

  /** At most 25 puts a second; the default on priced stores. */
  public static final WalProfile LATENCY = priced("latency", 40, 250);

  /** At most 10 puts a second. */
  public static final WalProfile BALANCED = priced("balanced", 100, 400);

  /** At most 4 puts a second. */
  public static final WalProfile COST = priced("cost", 250, 500);

  /** What an operator of a priced store chooses from, by name. */
  public static final List<WalProfile> PRICED = List.of(LATENCY, BALANCED, COST);

  public WalProfile {
    if (spacing.isNegative() || spacingMax.compareTo(spacing) < 0 || gather.isNegative()) {
      throw new IllegalArgumentException(
          "spacing=" + spacing + " spacingMax=" + spacingMax + " gather=" + gather);
    }
    if (objectBytesMax <= 0 || inFlightMax <= 0 || besideBytesMin < 0) {
      throw new IllegalArgumentException(
          "objectBytesMax="
              + objectBytesMax
              + " inFlightMax="
              + inFlightMax
              + " besideBytesMin="
              + besideBytesMin);
    }
  }

  /** The same where no put is sent a second time. */
  public WalProfile withoutHedging() {
    return new WalProfile(
        name, spacing, spacingMax, gather, objectBytesMax, inFlightMax, besideBytesMin, false);
  }

  private static WalProfile priced(String name, long spacingMillis, long spacingMaxMillis) {
    return new WalProfile(
        name,
        Duration.ofMillis(spacingMillis),
        Duration.ofMillis(spacingMaxMillis),
        GATHER,
        8 * MIB,
        IN_FLIGHT,
        0,
        true);
  }
}
