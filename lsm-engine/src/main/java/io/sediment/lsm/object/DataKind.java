package io.sediment.lsm.object;

import java.util.Optional;

/** What stands behind a key under {@code data/}. */
public enum DataKind {
  /** One flushed memtable. */
  L0("l0"),
  /** Re-clustered sections of a run. */
  L1("l1"),
  /** The directory of a run. */
  DIRECTORY("dir"),
  /** A partition table. */
  TABLE("table");

  private final String suffix;

  DataKind(String suffix) {
    this.suffix = suffix;
  }

  /** The end of the key, without the dot. */
  public String suffix() {
    return suffix;
  }

  static Optional<DataKind> ofSuffix(String suffix) {
    for (DataKind kind : values()) {
      if (kind.suffix.equals(suffix)) {
        return Optional.of(kind);
      }
    }
    return Optional.empty();
  }
}
