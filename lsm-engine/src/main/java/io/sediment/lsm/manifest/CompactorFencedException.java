package io.sediment.lsm.manifest;

/**
 * The lane's level 1 belongs to a newer compactor, or the lane to a newer incarnation: this process
 * may not compact it any more under the term it has.
 */
public final class CompactorFencedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CompactorFencedException(String message) {
    super(message);
  }
}
