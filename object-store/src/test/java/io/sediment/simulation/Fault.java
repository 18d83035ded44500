package io.sediment.simulation;

import java.util.EnumSet;
import java.util.Set;

/** What can go wrong with one request. */
public enum Fault {
  /** Never reaches the store; the caller sees {@code Unavailable}. */
  FAIL_BEFORE,
  /** Takes effect; the caller sees {@code Unavailable}. */
  LOST_ANSWER,
  /** The caller sees {@code Unavailable}; it takes effect later, up to ten minutes. */
  LATE_LANDING,
  /** Takes effect, is answered, and arrives once more later. */
  DUPLICATE,
  /** Arrives twice in a row, and the answer is the second one's: 412 for one's own success. */
  ANSWERED_BY_DUPLICATE,
  /** 409: not done, {@code Unavailable}. */
  CONFLICT_409,
  /** 503 SlowDown, for this request and for most others of its folder for some seconds. */
  THROTTLING_STORM,
  /** Twenty times slower than drawn. */
  SLOW,
  /** Takes minutes. */
  STALL,
  /** A listing that leaves out some objects, or still shows deleted ones. */
  WRONG_LIST,
  /** A read that ends early. */
  TRUNCATED_BODY,
  /** A read with one bit flipped. */
  CORRUPT_BODY,
  /** Deletes only some of the objects; the caller sees {@code Unavailable}. */
  PARTIAL_DELETE;

  private static final Set<Fault> WRITES_ONLY =
      EnumSet.of(LATE_LANDING, DUPLICATE, ANSWERED_BY_DUPLICATE, CONFLICT_409);
  private static final Set<Fault> READS_ONLY = EnumSet.of(TRUNCATED_BODY, CORRUPT_BODY);

  boolean appliesTo(StoreOp op) {
    if (WRITES_ONLY.contains(this)) {
      return op.isWrite();
    }
    if (READS_ONLY.contains(this)) {
      return op == StoreOp.GET;
    }
    return switch (this) {
      case WRONG_LIST -> op == StoreOp.LIST;
      case PARTIAL_DELETE -> op == StoreOp.DELETE;
      default -> true;
    };
  }
}
