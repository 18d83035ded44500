package io.sediment.frontend.net;

/** What a client sent is not a Kafka request; its connection is closed with this as the reason. */
final class InvalidFrameException extends RuntimeException {
  private static final long serialVersionUID = 1;

  InvalidFrameException(String message) {
    super(message, null, false, false);
  }
}
