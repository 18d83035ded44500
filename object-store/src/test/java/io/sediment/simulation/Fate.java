package io.sediment.simulation;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of one request.
 *
 * @param fault what goes wrong; null when nothing does
 * @param landAfterNanos from being sent to taking effect (meaningless where it never does)
 * @param answerAfterNanos from being sent to the answer, where that is not simply after landing;
 *     from landing to the answer otherwise
 * @param landAgainAfterNanos from the first effect to the second, where there is one
 */
record Fate(
    @Nullable Fault fault, long landAfterNanos, long answerAfterNanos, long landAgainAfterNanos) {

  /** As {@code fault} says, at these moments: for scripted faults. */
  static Fate of(Fault fault, Duration landAfter, Duration answerAfter, Duration landAgainAfter) {
    return new Fate(fault, landAfter.toNanos(), answerAfter.toNanos(), landAgainAfter.toNanos());
  }
}
