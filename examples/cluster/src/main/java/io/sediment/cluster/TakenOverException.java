package io.sediment.cluster;

/**
 * Another process owns now what this one had: the bucket, or the lane. Nothing acknowledged is
 * lost; this process must end.
 */
final class TakenOverException extends RuntimeException {
  private static final long serialVersionUID = 1;

  TakenOverException(String message) {
    super(message);
  }

  TakenOverException(String message, Throwable cause) {
    super(message, cause);
  }
}
