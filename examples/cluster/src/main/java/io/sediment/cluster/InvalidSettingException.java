package io.sediment.cluster;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A setting cannot be right. The message is the whole story in one line: variable, value, what is
 * wrong with it where that needs words, what is allowed.
 */
final class InvalidSettingException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final int SHOWN_CHARS_MAX = 255;
  private static final Pattern NOT_FOR_ONE_LINE = Pattern.compile("[\\p{Cc}\\p{Zl}\\p{Zp}]");

  InvalidSettingException(String variable, String value, String allowed) {
    this(variable, value, Optional.empty(), allowed);
  }

  /**
   * @param objection what is wrong, if {@code allowed} alone does not tell
   */
  InvalidSettingException(
      String variable, String value, Optional<String> objection, String allowed) {
    super(
        variable
            + "="
            + shown(value)
            + " is not allowed"
            + objection.map(why -> ": " + why).orElse("")
            + "; it takes "
            + allowed);
  }

  /** In quotes on one line, and no more than its beginning and its length if it is long. */
  static String shown(String value) {
    boolean whole = value.length() <= SHOWN_CHARS_MAX;
    String text = whole ? value : value.substring(0, SHOWN_CHARS_MAX) + "…";
    String quoted = "'" + NOT_FOR_ONE_LINE.matcher(text).replaceAll("?") + "'";
    return whole ? quoted : quoted + " (" + value.length() + " characters)";
  }
}
