package io.sediment.lsm.manifest;

/**
 * Something that a compaction was to replace is not part of the lane any more: retention dropped it
 * meanwhile. What was written is garbage; plan anew.
 */
public final class StaleSourcesException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public StaleSourcesException(String message) {
    super(message);
  }
}
