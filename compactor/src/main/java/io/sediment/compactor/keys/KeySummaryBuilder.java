package io.sediment.compactor.keys;

import io.sediment.lsm.PartitionId;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Gathers the keys of a range, in the order of the log, up to a number of keys that bounds its
 * memory: a table of 24 bytes a slot, open addressing. Not thread-safe.
 */
final class KeySummaryBuilder {
  /** A table of 24, and half of it while it grows, or a summary of its keys. */
  static final int BYTES_PER_SLOT_MAX = 40;

  private static final int CAPACITY_MIN = 64;

  private final PartitionId partition;
  private final int keysMax;
  private long[] highs = new long[0];
  private long[] lows = new long[0];

  /** Offset plus one, so that zero means free. */
  private long[] places = new long[0];

  private int count;

  KeySummaryBuilder(PartitionId partition, int keysMax) {
    this.partition = partition;
    this.keysMax = keysMax;
    resize(CAPACITY_MIN);
  }

  /** Whether another key may not fit: the range must end before the next batch. */
  boolean isFull() {
    return count >= keysMax;
  }

  /** Of the table, free ones included. */
  int slots() {
    return places.length;
  }

  /** Offsets of one key must rise. */
  void put(long high, long low, long offset) {
    int slot = slotOf(high, low);
    if (places[slot] == 0) {
      if ((count + 1L) * 4 > places.length * 3L) {
        resize(places.length * 2);
        slot = slotOf(high, low);
      }
      highs[slot] = high;
      lows[slot] = low;
      count++;
    }
    places[slot] = offset + 1;
  }

  /** The summary of {@code range}, which all offsets put lie in. Ends this builder. */
  ByteBuffer build(OffsetRange range) {
    gather();
    sort(0, count - 1);
    ByteBuffer out = ByteBuffer.allocate(Math.toIntExact(KeySummaryLayout.length(count)));
    KeySummaryLayout.putHeader(out, partition, range, count);
    int next = 0;
    for (int page = 0; page < KeySummaryLayout.pageCount(count); page++) {
      int at = (int) KeySummaryLayout.pagePosition(page);
      int entries = KeySummaryLayout.entriesIn(page, count);
      for (int i = 0; i < entries; i++) {
        KeySummaryLayout.putEntry(
            out, at, i, highs[next], lows[next], range.distanceOf(places[next] - 1));
        next++;
      }
      KeySummaryLayout.sealPage(out, at, entries);
    }
    return out;
  }

  /** The slot of the key, or the free one where it belongs. */
  private int slotOf(long high, long low) {
    int mask = places.length - 1;
    int slot = (int) high & mask;
    while (places[slot] != 0 && (highs[slot] != high || lows[slot] != low)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void resize(int capacity) {
    long[] oldHighs = highs;
    long[] oldLows = lows;
    long[] oldPlaces = places;
    highs = new long[capacity];
    lows = new long[capacity];
    places = new long[capacity];
    for (int i = 0; i < oldPlaces.length; i++) {
      if (oldPlaces[i] != 0) {
        int slot = slotOf(oldHighs[i], oldLows[i]);
        highs[slot] = oldHighs[i];
        lows[slot] = oldLows[i];
        places[slot] = oldPlaces[i];
      }
    }
  }

  /** Moves what is taken to the front. */
  private void gather() {
    int to = 0;
    for (int from = 0; from < places.length; from++) {
      if (places[from] != 0) {
        highs[to] = highs[from];
        lows[to] = lows[from];
        places[to] = places[from];
        to++;
      }
    }
    Arrays.fill(places, to, places.length, 0);
  }

  /** Quicksort of the three arrays by hash; hashes are spread evenly and none is there twice. */
  private void sort(int first, int last) {
    int from = first;
    int to = last;
    while (from < to) {
      int middle = (from + to) >>> 1;
      long pivotHigh = highs[middle];
      long pivotLow = lows[middle];
      int left = from;
      int right = to;
      while (left <= right) {
        while (KeySummary.compareHashes(highs[left], lows[left], pivotHigh, pivotLow) < 0) {
          left++;
        }
        while (KeySummary.compareHashes(highs[right], lows[right], pivotHigh, pivotLow) > 0) {
          right--;
        }
        if (left <= right) {
          swap(left++, right--);
        }
      }
      // The smaller half by recursion, so that the stack stays as deep as the logarithm.
      if (right - from < to - left) {
        sort(from, right);
        from = left;
      } else {
        sort(left, to);
        to = right;
      }
    }
  }

  private void swap(int a, int b) {
    swap(highs, a, b);
    swap(lows, a, b);
    swap(places, a, b);
  }

  private static void swap(long[] array, int a, int b) {
    long value = array[a];
    array[a] = array[b];
    array[b] = value;
  }
}
