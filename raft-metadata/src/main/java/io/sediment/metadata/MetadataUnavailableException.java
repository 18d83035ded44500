package io.sediment.metadata;

/** The command could not be confirmed; whether it happened is unknown. Trying again may help. */
public final class MetadataUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public MetadataUnavailableException(String message) {
    super(message);
  }

  public MetadataUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
