package io.sediment.metadata;

import java.util.concurrent.CompletableFuture;

/**
 * Closes a lane: takes over its manifest, fences every epoch and finds where each partition ends.
 * Those who know the bytes of a lane implement it; a rebirth calls it for every lane of the bucket.
 */
@FunctionalInterface
public interface LaneSealer {
  /**
   * Seals {@code lane} under an epoch of at least {@code epochMin} and above all that ever wrote to
   * it, also where nobody ever did. After it completes nothing more is acknowledged from this lane.
   * Sealing again, by this or another process, ends with the same ends.
   *
   * @param incarnation in whose name; one that is newer than any that wrote to the lane
   */
  CompletableFuture<SealedLane> seal(LaneId lane, long incarnation, long epochMin);
}
