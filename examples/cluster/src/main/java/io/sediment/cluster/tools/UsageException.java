package io.sediment.cluster.tools;

/** What was asked for cannot be done as it was asked; one line for the operator. */
public final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public UsageException(String message) {
    super(message);
  }
}
