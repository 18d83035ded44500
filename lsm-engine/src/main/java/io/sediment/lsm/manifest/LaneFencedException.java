package io.sediment.lsm.manifest;

/**
 * The lane's manifest belongs to a newer epoch or incarnation: this process may not commit any
 * more. Trying again never helps.
 */
public final class LaneFencedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public LaneFencedException(String message) {
    super(message);
  }
}
