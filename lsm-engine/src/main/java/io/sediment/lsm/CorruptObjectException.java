package io.sediment.lsm;

/**
 * Stored bytes are not what was written: a checksum, a length, a format version or an order is
 * wrong. Never skipped in silence; the message names the object, the position, what was expected
 * and what was found.
 */
public final class CorruptObjectException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CorruptObjectException(String message) {
    super(message);
  }

  public CorruptObjectException(String message, Throwable cause) {
    super(message, cause);
  }

  /** Whether {@code failure} is one, or was caused by one. */
  public static boolean isCauseOf(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof CorruptObjectException) {
        return true;
      }
    }
    return false;
  }
}
