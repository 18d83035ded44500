package io.sediment.cluster;

/**
 * A setting cannot be right. The message is the whole story in one line: variable, value, what is
 * allowed.
 */
final class InvalidSettingException extends RuntimeException {
  private static final long serialVersionUID = 1;

  InvalidSettingException(String variable, String value, String allowed) {
    super(variable + "='" + value + "' is not allowed; it takes " + allowed);
  }
}
