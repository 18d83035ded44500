package io.sediment.lsm.lane;

/**
 * Memory for unflushed data is used up; nothing was appended. Helps: wait until the store has
 * caught up, then try again.
 */
public final class LaneBusyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public LaneBusyException(String message) {
    super(message, null, false, false);
  }
}
