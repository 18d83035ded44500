package io.sediment.lsm.manifest;

/**
 * The lane's manifest belongs to a newer epoch or incarnation: this process may not commit any
 * more. Trying again never helps.
 */
public final class LaneFencedException extends RuntimeException {
  private static final long serialVersionUID = 2;

  private final long ownerIncarnation;
  private final long ownerEpoch;

  /**
   * @param owner whom the manifest belongs to
   */
  public LaneFencedException(String message, WriterTerm owner) {
    super(message);
    this.ownerIncarnation = owner.incarnation();
    this.ownerEpoch = owner.epoch();
  }

  public long ownerIncarnation() {
    return ownerIncarnation;
  }

  public long ownerEpoch() {
    return ownerEpoch;
  }
}
