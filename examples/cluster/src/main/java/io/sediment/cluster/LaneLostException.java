package io.sediment.cluster;

/**
 * The other brokers believed this one dead and have taken its lane over. Nothing acknowledged is
 * lost; this process starts again, with a new lane.
 */
public final class LaneLostException extends RuntimeException {
  private static final long serialVersionUID = 1;

  LaneLostException(String message) {
    super(message);
  }
}
