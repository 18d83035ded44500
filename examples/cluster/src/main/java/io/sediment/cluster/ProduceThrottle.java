package io.sediment.cluster;

/**
 * Slows producers down before memory for unacknowledged data runs out: nothing up to half of the
 * limit, then longer and longer pauses. Pure arithmetic; a client that pauses has already been
 * answered (KIP-219).
 */
final class ProduceThrottle {
  static final int PAUSE_MS_MAX = 1_000;

  private ProduceThrottle() {}

  /** How long a client that has just produced shall pause, in milliseconds. */
  static int pauseMs(long unackedBytes, long limitBytes) {
    long free = limitBytes / 2;
    if (limitBytes <= 0 || unackedBytes <= free) {
      return 0;
    }
    double beyond = (double) (unackedBytes - free) / (limitBytes - free);
    return (int) Math.min(PAUSE_MS_MAX, Math.ceil(beyond * PAUSE_MS_MAX));
  }
}
