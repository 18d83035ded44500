package io.sediment.objectstore;

/**
 * Answer to a conditional put. Losing is an expected answer, so it is a value, not an exception.
 */
public sealed interface PutResult {
  /** The object now holds our bytes, durably. */
  record Created(ETag eTag) implements PutResult {}

  /**
   * The condition did not hold: for {@code putIfAbsent} an object was there, for {@code putIfMatch}
   * it was absent or another version. After a retry it may be our own first attempt whose answer
   * was lost: read it and compare.
   */
  record PreconditionFailed() implements PutResult {}
}
