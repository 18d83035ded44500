package io.sediment.lsm.records;

/** What is not a sequence of records; the message says why. Carries no stack. */
public final class BrokenRecordsException extends Exception {
  private static final long serialVersionUID = 1;

  public BrokenRecordsException(String message) {
    super(message, null, false, false);
  }
}
