package io.sediment.metadata;

/**
 * Answer to a command that was committed. A refusal is an expected answer, so it is a value.
 * Commands on many things answer with one result for each, in the order of the request.
 */
public sealed interface CommandResult<R> {
  /** Done; {@code value} is what the submitter asked for. */
  record Accepted<R>(R value) implements CommandResult<R> {}

  /** The metadata does not allow it, and nothing was changed. */
  record Rejected<R>(RejectionCode code, String message) implements CommandResult<R> {}

  /** The value of an accepted command that has nothing to tell. */
  enum Done {
    DONE
  }

  static <R> CommandResult<R> accepted(R value) {
    return new Accepted<>(value);
  }

  static <R> CommandResult<R> rejected(RejectionCode code, String message) {
    return new Rejected<>(code, message);
  }

  default boolean isAccepted() {
    return this instanceof Accepted;
  }

  /**
   * The value, for callers to whom a refusal is a mistake of their own.
   *
   * @throws IllegalStateException with code and message where the command was rejected
   */
  default R valueOrThrow() {
    if (this instanceof Accepted<R> accepted) {
      return accepted.value();
    }
    Rejected<R> rejected = (Rejected<R>) this;
    throw new IllegalStateException("rejected: " + rejected.code() + " " + rejected.message());
  }
}
