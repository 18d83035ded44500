package io.sediment.wal;

/**
 * What a log tells of itself; every method is called without a lock held and must be short. Times
 * are in nanoseconds.
 */
public interface WalMetrics {
  WalMetrics NONE = new WalMetrics() {};

  /** Why a put's outcome had to be read back. */
  enum Doubt {
    /** The store said that something is there already. */
    PRECONDITION_FAILED,
    /** The answer was lost, or the store was unavailable. */
    UNAVAILABLE
  }

  /** What reading back found. */
  enum Verdict {
    OURS,
    ABSENT,
    FENCED,
    FOREIGN,
    UNREADABLE
  }

  /**
   * A slot was acknowledged.
   *
   * @param queueNanos from the first append to the start of the flush
   * @param putNanos from there until the bucket was known to hold the object
   * @param orderNanos from there until every slot before was acknowledged
   */
  default void acked(long queueNanos, long putNanos, long orderNanos) {}

  /** An object was built and is about to be sent. */
  default void flushed(int batches, long objectBytes, long footerBytes) {}

  /** Objects on their way right now. */
  default void inFlight(int objects) {}

  default void hedgeSent() {}

  /** The hedge was confirmed before the first attempt. */
  default void hedgeWon() {}

  /** The same object is sent again after a failure. */
  default void retried() {}

  default void resolved(Doubt doubt, Verdict verdict) {}

  default void halted() {}

  /**
   * An epoch was closed.
   *
   * @param objects found before its fence
   * @param created false when another sealer's fence was adopted
   */
  default void sealed(long objects, boolean created) {}
}
