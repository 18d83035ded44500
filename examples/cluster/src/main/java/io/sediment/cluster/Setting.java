package io.sediment.cluster;

import java.util.Map;
import java.util.Optional;

/**
 * One environment variable: its name, its default, what it means and what it may hold. The table in
 * the README is made from these, so that neither can drift from the other.
 *
 * @param defaultText what stands in place of an unset or empty variable; empty for none
 * @param meaning one line for the README
 */
record Setting<T>(String name, String defaultText, ValueType<T> type, String meaning) {

  /**
   * The value in {@code environment}, or the default.
   *
   * @throws InvalidSettingException if the text is not an allowed value
   */
  T in(Map<String, String> environment) {
    String given = environment.getOrDefault(name, "").strip();
    String text = given.isEmpty() ? defaultText : given;
    return type.parse(text)
        .orElseThrow(
            () -> new InvalidSettingException(name, text, type.objection(text), type.allowed()));
  }

  /** What a variable may hold. */
  interface ValueType<T> {
    /** The value, or empty where the text is none. */
    Optional<T> parse(String text);

    /** What is wrong with a text that is no value, where {@link #allowed} does not tell. */
    default Optional<String> objection(String text) {
      return Optional.empty();
    }

    /** For people: "a port number, 1 to 65535". */
    String allowed();
  }
}
