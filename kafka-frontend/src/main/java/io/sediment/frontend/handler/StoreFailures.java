package io.sediment.frontend.handler;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.runtime.Failures;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.protocol.Errors;

/** What to tell a client when the engine failed. */
final class StoreFailures {
  private StoreFailures() {}

  static Errors errorOf(Throwable failure) {
    Throwable cause = Failures.causeOf(failure);
    if (cause instanceof ApiException) {
      return Errors.forException(cause);
    }
    if (cause instanceof LaneHaltedException) {
      return Errors.NOT_LEADER_OR_FOLLOWER;
    }
    if (cause instanceof CorruptObjectException) {
      return Errors.CORRUPT_MESSAGE;
    }
    return Errors.KAFKA_STORAGE_ERROR; // clients ask again
  }
}
