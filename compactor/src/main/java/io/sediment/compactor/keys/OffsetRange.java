package io.sediment.compactor.keys;

/** The offsets {@code [from, to)} of one partition; distances within it fit an int. */
record OffsetRange(long from, long to) {
  OffsetRange {
    if (from < 0 || to < from || to - from > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("offset range: from=" + from + " to=" + to);
    }
  }

  /** How many offsets, whether or not there is a record at each. */
  int span() {
    return (int) (to - from);
  }

  boolean contains(long offset) {
    return offset >= from && offset < to;
  }

  /** Where {@code offset} lies from the beginning. */
  int distanceOf(long offset) {
    if (!contains(offset)) {
      throw new IllegalArgumentException("offset=" + offset + " outside " + this);
    }
    return (int) (offset - from);
  }
}
