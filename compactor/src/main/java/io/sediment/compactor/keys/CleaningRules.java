package io.sediment.compactor.keys;

/**
 * What a pass over a partition goes by.
 *
 * @param fromLogStart whether the pass goes over all of the log from its start to where the pass
 *     ends; else the records that a tombstone deletes may lie elsewhere, and it stays
 * @param ceiling first offset that is left alone: at most the last stable offset
 * @param nowMs wall-clock time of the pass
 * @param deleteRetentionMs how long tombstones stay once what they delete is gone
 * @param inflatedBytesMax most that the records of one batch may hold when decompressed
 */
record CleaningRules(
    boolean fromLogStart, long ceiling, long nowMs, long deleteRetentionMs, long inflatedBytesMax) {
  CleaningRules {
    if (ceiling < 0 || deleteRetentionMs < 0 || inflatedBytesMax < 1) {
      throw new IllegalArgumentException(
          "cleaning rules: ceiling="
              + ceiling
              + " deleteRetentionMs="
              + deleteRetentionMs
              + " inflatedBytesMax="
              + inflatedBytesMax);
    }
  }

  /** When tombstones that are met now may go; never later than time can be told. */
  long deleteHorizonMs() {
    return nowMs > Long.MAX_VALUE - deleteRetentionMs ? Long.MAX_VALUE : nowMs + deleteRetentionMs;
  }
}
