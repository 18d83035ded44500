package io.sediment.frontend.handler;

import org.apache.kafka.common.protocol.ApiKeys;

/** Versions of one API, both ends included. */
public record VersionRange(short min, short max) {
  public VersionRange {
    if (min < 0 || max < min) {
      throw new IllegalArgumentException("version range: " + min + "-" + max);
    }
  }

  /** Every stable version that the message library can parse. */
  public static VersionRange all(ApiKeys key) {
    return new VersionRange(key.oldestVersion(), key.latestVersion(false));
  }

  /** From the oldest version the message library can parse up to {@code max}. */
  public static VersionRange upTo(ApiKeys key, int max) {
    return new VersionRange(key.oldestVersion(), (short) max);
  }

  public boolean contains(short version) {
    return version >= min && version <= max;
  }

  @Override
  public String toString() {
    return min + "-" + max;
  }
}
