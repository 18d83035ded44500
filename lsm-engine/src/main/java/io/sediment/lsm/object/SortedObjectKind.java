package io.sediment.lsm.object;

import org.jspecify.annotations.Nullable;

/** What a sorted object is for. The code is part of the format. */
public enum SortedObjectKind {
  /** Batches of one slot of a write-ahead log; producer entries are deltas. */
  WAL(1),
  /**
   * The end of a closed epoch: a header without sections, at the first slot that was never
   * acknowledged. Never deleted.
   */
  FENCE(2),
  /** One memtable; producer entries are snapshots as of the section's end. */
  L0(3),
  /** Re-clustered sections. */
  L1(4);

  private final byte code;

  SortedObjectKind(int code) {
    this.code = (byte) code;
  }

  public byte code() {
    return code;
  }

  /** Null where no kind has this code. */
  public static @Nullable SortedObjectKind ofCode(byte code) {
    for (SortedObjectKind kind : values()) {
      if (kind.code == code) {
        return kind;
      }
    }
    return null;
  }
}
