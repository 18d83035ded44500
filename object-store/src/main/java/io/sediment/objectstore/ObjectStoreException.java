package io.sediment.objectstore;

import org.jspecify.annotations.Nullable;

/**
 * The store failed, or answered something that is no answer. The subtype says whether trying again
 * can help.
 *
 * <p>Futures of an {@link ObjectStore} complete exceptionally with exactly these types (as the
 * cause of a {@link java.util.concurrent.CompletionException} further down a chain).
 */
public abstract sealed class ObjectStoreException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private ObjectStoreException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /**
   * The request may succeed later: time-out, lost connection, 409, 429, 5xx, disk full. The outcome
   * of a write is <em>unknown</em>: it may have happened, and may yet happen after this was thrown.
   * Read back before deciding.
   */
  public static final class Unavailable extends ObjectStoreException {
    private static final long serialVersionUID = 1;
    private final boolean throttled;

    public Unavailable(String message, @Nullable Throwable cause) {
      this(message, false, cause);
    }

    /**
     * @param throttled the store asked for fewer requests (503 SlowDown, 429): do not hedge, back
     *     off
     */
    public Unavailable(String message, boolean throttled, @Nullable Throwable cause) {
      super(message, cause);
      this.throttled = throttled;
    }

    public boolean throttled() {
      return throttled;
    }
  }

  /**
   * Trying again will not help: wrong credentials, no such bucket, a key the store refuses, a wrong
   * body checksum.
   */
  public static final class Refused extends ObjectStoreException {
    private static final long serialVersionUID = 1;

    public Refused(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }
}
