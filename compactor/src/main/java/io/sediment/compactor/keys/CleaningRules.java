package io.sediment.compactor.keys;

/**
 * What a pass over a partition goes by.
 *
 * @param fromLogStart whether the pass begins where the log does; else the records that a tombstone
 *     deletes may lie before it, and it stays
 * @param ceiling first offset that is left alone: at most the last stable offset
 * @param nowMs wall-clock time of the pass
 * @param deleteRetentionMs how long tombstones stay once what they delete is gone
 * @param inflatedBytesMax most that the records of one batch may hold when decompressed
 * @param rangeKeysMax keys of one summary, which bounds the memory for building it
 * @param marksBytesMax memory for marking what survives; where it does not do for all ranges at
 *     once, their summaries are read several times
 */
record CleaningRules(
    boolean fromLogStart,
    long ceiling,
    long nowMs,
    long deleteRetentionMs,
    long inflatedBytesMax,
    int rangeKeysMax,
    long marksBytesMax) {
  /** Takes about 8 MB while a summary is built, and five in the store. */
  static final int RANGE_KEYS_MAX = 256 << 10;

  static final long MARKS_BYTES_MAX = 32 << 20;

  CleaningRules {
    if (ceiling < 0
        || deleteRetentionMs < 0
        || inflatedBytesMax < 1
        || rangeKeysMax < 1
        || marksBytesMax < 1) {
      throw new IllegalArgumentException(
          "cleaning rules: ceiling="
              + ceiling
              + " deleteRetentionMs="
              + deleteRetentionMs
              + " inflatedBytesMax="
              + inflatedBytesMax
              + " rangeKeysMax="
              + rangeKeysMax
              + " marksBytesMax="
              + marksBytesMax);
    }
  }

  /** When tombstones that are met now may go; never later than time can be told. */
  long deleteHorizonMs() {
    return nowMs > Long.MAX_VALUE - deleteRetentionMs ? Long.MAX_VALUE : nowMs + deleteRetentionMs;
  }
}
