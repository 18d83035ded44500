package io.sediment.metadata;

/** Bytes that should hold metadata do not; reading them again will not help. */
public final class CorruptMetadataException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public CorruptMetadataException(String message) {
    super(message);
  }

  public CorruptMetadataException(String message, Throwable cause) {
    super(message, cause);
  }
}
