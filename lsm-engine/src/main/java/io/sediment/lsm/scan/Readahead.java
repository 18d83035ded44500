package io.sediment.lsm.scan;

import java.util.Arrays;

/**
 * How far to read ahead of the readers of one partition. A reader that goes on where the last read
 * ended is sequential: its window starts at {@value #FIRST_BYTES} bytes and doubles with each read.
 * Remembers the few latest readers. Thread-safe.
 */
final class Readahead {
  static final int FIRST_BYTES = 512 << 10;
  static final int MOST_BYTES = 8 << 20;
  private static final int READERS = 4;

  private final long[] nextOffsets = new long[READERS];
  private final int[] windows = new int[READERS];
  private int oldest;

  Readahead() {
    Arrays.fill(nextOffsets, -1);
  }

  /**
   * A read that began at {@code offset} is about to end at {@code nextOffset}.
   *
   * @return how many bytes behind it to fetch in advance, 0 for none
   */
  synchronized int windowBytes(long offset, long nextOffset) {
    for (int reader = 0; reader < READERS; reader++) {
      if (nextOffsets[reader] == offset) {
        nextOffsets[reader] = nextOffset;
        windows[reader] = Math.min(MOST_BYTES, Math.max(FIRST_BYTES, windows[reader] * 2));
        return windows[reader];
      }
    }
    nextOffsets[oldest] = nextOffset;
    windows[oldest] = 0;
    oldest = (oldest + 1) % READERS;
    return 0;
  }
}
