package io.sediment.simulation;

import io.sediment.objectstore.ObjectKey;
import java.util.List;

/**
 * One request of one process to the bucket.
 *
 * @param keys the object; for a batch delete all of them; for a listing none
 * @param attempt how many requests of this kind for this key the process made before
 * @param bodyLength bytes sent
 */
public record StoreRequest(
    long id,
    SimScheduler process,
    StoreOp op,
    List<ObjectKey> keys,
    String folder,
    int attempt,
    long bodyLength) {
  /** The object; only for requests about one. */
  public ObjectKey key() {
    return keys.get(0);
  }

  /** The moments in a request's life, at each of which a test may look or strike. */
  public enum Phase {
    /** Handed to the client, nothing on the wire yet: a crash now means that it never was. */
    SENT,
    /** Arrived at the bucket, about to take effect: the last moment to look at what was. */
    LANDING,
    /** Took effect. */
    LANDED,
    /** The process is about to learn the answer. */
    ANSWERED
  }

  /** Told of each phase of each request. It may crash or pause the process. */
  @FunctionalInterface
  public interface Observer {
    void on(Phase phase, StoreRequest request);
  }

  @Override
  public String toString() {
    String what = keys.size() == 1 ? keys.get(0).value() : keys.isEmpty() ? folder : keys + "";
    return op + " " + what + (attempt > 0 ? " attempt " + (attempt + 1) : "") + " #" + id;
  }
}
