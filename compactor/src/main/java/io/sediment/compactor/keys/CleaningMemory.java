package io.sediment.compactor.keys;

/**
 * How a pass over one partition divides its memory: while keys are gathered, into the table of a
 * range, what is read, and summaries that need no file; then into marks of what survives, and a
 * page of each range's summary.
 *
 * @param rangeKeysMax keys of a range; the last batch may bring some more
 * @param rangesMax ranges whose summaries are gone through at once: with more, in several passes
 * @param marksBytesMax for marking what survives; where it does not do for all ranges at once,
 *     their summaries are read several times
 * @param readBytes so much is read at once
 * @param summaryBytesMax summaries kept without a file
 */
record CleaningMemory(
    int rangeKeysMax, int rangesMax, long marksBytesMax, int readBytes, long summaryBytesMax) {
  private static final int READ_BYTES_MAX = 4 << 20;

  CleaningMemory {
    if (rangeKeysMax < 1
        || rangesMax < 2
        || marksBytesMax < 1
        || readBytes < 1
        || summaryBytesMax < 0) {
      throw new IllegalArgumentException(
          "cleaning memory: rangeKeysMax="
              + rangeKeysMax
              + " rangesMax="
              + rangesMax
              + " marksBytesMax="
              + marksBytesMax
              + " readBytes="
              + readBytes
              + " summaryBytesMax="
              + summaryBytesMax);
    }
  }

  /** What fits into {@code bytes}. */
  static CleaningMemory of(long bytes) {
    long eighth = bytes / 8;
    int readBytes = (int) Math.min(READ_BYTES_MAX, eighth);
    long slots =
        Long.highestOneBit((bytes - readBytes - eighth) / KeySummaryBuilder.BYTES_PER_SLOT_MAX);
    return new CleaningMemory(
        // A table grows at three quarters of its slots: those between are for the last batch.
        (int) Math.min(Integer.MAX_VALUE / 2, slots / 2),
        (int) (2 * eighth / KeySummaryLayout.pageLength(KeySummaryLayout.PAGE_ENTRIES_MAX)),
        4 * eighth,
        readBytes,
        eighth);
  }

  /** A partition with so many keys takes one pass over its summaries. */
  long keysInOnePass() {
    return (long) rangeKeysMax * rangesMax;
  }
}
