package io.sediment.lsm.lane;

import java.time.Duration;
import java.time.InstantSource;

/**
 * When producers are forgotten that have no transaction to end. Whatever joins what several places
 * know of a producer, each as of another time, must ask afterwards: what the newest of them has
 * forgotten, an older one would bring back as it was long ago.
 *
 * @param silence they have written nothing for so long, by the leader's clock
 */
record ProducerExpiry(InstantSource clock, Duration silence) {
  /** In ms: who was last heard of before is forgotten. */
  long beforeMs() {
    return clock.millis() - silence.toMillis();
  }
}
