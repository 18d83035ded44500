package io.sediment.wal.model;

import org.jspecify.annotations.Nullable;

/** A machine whose states are a fixed number of words, for {@link Explorer} to walk. */
interface StateMachine {
  /** Words per state. */
  int words();

  /** Writes the first state into {@code state}. */
  void initial(long[] state);

  /** Hands every state that one step leads to into {@code steps}. */
  void successors(long[] state, Steps steps);

  /** What is wrong with {@code state}, or null. */
  @Nullable String violation(long[] state);

  /** An action in words. */
  String describe(int action);

  /** Takes the steps out of a state. */
  @FunctionalInterface
  interface Steps {
    /** The array may be used again after the call. */
    void to(int action, long[] next);
  }
}
