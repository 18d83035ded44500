package io.sediment.compactor.keys;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Some offsets of a range, marked in any order, then asked for. Takes a bit per offset of the range
 * or four bytes per mark, whichever is less.
 */
final class OffsetSet {
  private final OffsetRange range;
  private final long[] bits;
  private int[] distances;
  private int count;

  /** Of the distances, by place: marks that were taken back. */
  private final BitSet takenBack = new BitSet();

  /**
   * @param marksMax how many will be marked at most
   */
  OffsetSet(OffsetRange range, long marksMax) {
    this.range = range;
    this.bits = isDense(range, marksMax) ? new long[words(range)] : new long[0];
    this.distances = new int[0];
  }

  /** What the survivors of a summarized range may take. */
  static long bytesMax(KeySummary summary) {
    return Math.min(
        (long) words(summary.range()) * Long.BYTES, (long) summary.keyCount() * Integer.BYTES);
  }

  private static boolean isDense(OffsetRange range, long marksMax) {
    return (long) words(range) * Long.BYTES <= marksMax * Integer.BYTES;
  }

  private static int words(OffsetRange range) {
    return (int) (((long) range.span() + Long.SIZE - 1) / Long.SIZE);
  }

  OffsetRange range() {
    return range;
  }

  /** Each offset at most once. */
  void mark(long offset) {
    int distance = range.distanceOf(offset);
    if (bits.length > 0) {
      bits[distance >> 6] |= 1L << distance;
    } else {
      if (count == distances.length) {
        distances = Arrays.copyOf(distances, Math.max(16, count * 2));
      }
      distances[count] = distance;
    }
    count++;
  }

  /** Takes a mark back, if there is one; after {@link #freeze}. */
  void unmark(long offset) {
    int distance = range.distanceOf(offset);
    if (bits.length > 0) {
      bits[distance >> 6] &= ~(1L << distance);
    } else {
      int place = placeOf(distance);
      if (place >= 0) {
        takenBack.set(place);
      }
    }
  }

  /** To be called once, behind the last mark. */
  void freeze() {
    Arrays.sort(distances, 0, bits.length > 0 ? 0 : count);
  }

  boolean contains(long offset) {
    int distance = range.distanceOf(offset);
    if (bits.length > 0) {
      return (bits[distance >> 6] & 1L << distance) != 0;
    }
    int place = placeOf(distance);
    return place >= 0 && !takenBack.get(place);
  }

  /** Negative where it is not marked. */
  private int placeOf(int distance) {
    return Arrays.binarySearch(distances, 0, count, distance);
  }
}
