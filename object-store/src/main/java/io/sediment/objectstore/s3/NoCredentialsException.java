package io.sediment.objectstore.s3;

/** No credentials have ever been found, so that there is nothing to wait for. */
final class NoCredentialsException extends RuntimeException {
  private static final long serialVersionUID = 1;

  NoCredentialsException(Throwable cause) {
    super("no credentials found: " + cause.getMessage(), cause);
  }
}
