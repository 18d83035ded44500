package io.sediment.frontend.partition;

/** The bytes of a batch's records, in order, wherever they come from. */
interface RecordInput {
  /** The next byte. */
  byte next() throws BrokenRecordsException;

  void skip(int bytes) throws BrokenRecordsException;

  /** Bytes read or skipped so far. */
  long position();

  /** Whether all bytes have been read. */
  boolean isExhausted() throws BrokenRecordsException;

  /** What is not a sequence of records; the message says why. Carries no stack. */
  final class BrokenRecordsException extends Exception {
    private static final long serialVersionUID = 1;

    BrokenRecordsException(String message) {
      super(message, null, false, false);
    }
  }
}
