package io.sediment.lsm.lane;

/**
 * This lane epoch is over in this process: fenced by another owner, closed, or stopped because the
 * store holds something it must not. Nothing that was not acknowledged before will ever be; what
 * was acknowledged is safe. Retrying here cannot help; the client must find the new owner.
 */
public final class LaneHaltedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public LaneHaltedException(String message, Throwable cause) {
    super(message, cause);
  }

  public LaneHaltedException(String message) {
    super(message);
  }
}
