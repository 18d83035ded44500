package io.sediment.frontend.admin;

import io.sediment.metadata.CommandResult.Rejected;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.runtime.Failures;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/**
 * A Kafka error with the sentence that explains it; {@link Errors#NONE} without one when all is
 * well.
 */
record AdminError(Errors error, @Nullable String message) {
  static final AdminError NONE = new AdminError(Errors.NONE, null);

  boolean isNone() {
    return error == Errors.NONE;
  }

  short code() {
    return error.code();
  }

  /** What a rule of Kafka's own code says. */
  static AdminError of(ApiException e) {
    return new AdminError(Errors.forException(e), e.getMessage());
  }

  /** What the metadata said when the command was committed. */
  static AdminError of(Rejected<?> rejected) {
    Errors error =
        switch (rejected.code()) {
          case TOPIC_EXISTS -> Errors.TOPIC_ALREADY_EXISTS;
          case UNKNOWN_TOPIC -> Errors.UNKNOWN_TOPIC_OR_PARTITION;
          case INVALID_PARTITIONS -> Errors.INVALID_PARTITIONS;
          case INVALID_ASSIGNMENT -> Errors.INVALID_REPLICA_ASSIGNMENT;
          case NO_ACTIVE_LANE, WRONG_LANE_STATE, STALE_LANE_EPOCH, NOT_LANE_OWNER ->
              Errors.LEADER_NOT_AVAILABLE;
          case NO_MOVE_IN_PROGRESS -> Errors.NO_REASSIGNMENT_IN_PROGRESS;
          case OFFSET_OUT_OF_RANGE -> Errors.OFFSET_OUT_OF_RANGE;
          case UNKNOWN_BROKER, STALE_BROKER_EPOCH -> Errors.STALE_BROKER_EPOCH;
          case UNKNOWN_LANE, LANE_EXISTS -> Errors.UNKNOWN_SERVER_ERROR;
          case INVALID_REQUEST, UNKNOWN_RESOURCE, BROKER_HAS_LANES -> Errors.INVALID_REQUEST;
        };
    return new AdminError(error, rejected.message());
  }

  /**
   * What became of a command that was not answered. A time-out is what Kafka's controller would
   * have said: it may have happened.
   */
  static AdminError of(Throwable failure) {
    Throwable cause = Failures.causeOf(failure);
    if (cause instanceof MetadataUnavailableException) {
      return new AdminError(Errors.REQUEST_TIMED_OUT, cause.getMessage());
    }
    if (cause instanceof ApiException api) {
      return of(api);
    }
    throw new CompletionException(cause); // a bug: the connection reports and logs it
  }
}
