package io.sediment.metadata;

/**
 * A lane as the cluster sees it.
 *
 * @param owner broker that writes it; of a lane that is sealing or sealed, the one that closes it
 *     and looks after what is in it
 * @param epoch the newest epoch granted to anybody; 0 before it was opened first
 */
public record Lane(LaneId id, int owner, long epoch, State state) {
  /** Where a lane is in its life. The numbers are written to disk. */
  public enum State {
    /** An epoch is granted; its owner fences the older ones. Nothing is appended. */
    OPENING(1),
    /** Its owner appends. Only active lanes are given partitions. */
    ACTIVE(2),
    /** Its writer is believed dead; its owner, another broker, closes it. */
    SEALING(3),
    /** Closed: read, compacted and collected, never appended to. */
    SEALED(4),
    /** Its owner appends, and hands its partitions over since it is about to end. */
    DRAINING(5);

    private final int code;

    State(int code) {
      this.code = code;
    }

    int code() {
      return code;
    }

    static State ofCode(int code) {
      for (State state : values()) {
        if (state.code == code) {
          return state;
        }
      }
      throw new CorruptMetadataException("lane state: code=" + code);
    }
  }

  /** Whether its owner appends to it. */
  public boolean isOpen() {
    return state == State.ACTIVE || state == State.DRAINING;
  }

  public Lane {
    if (epoch < 0) {
      throw new IllegalArgumentException(id + ": epoch=" + epoch);
    }
  }
}
