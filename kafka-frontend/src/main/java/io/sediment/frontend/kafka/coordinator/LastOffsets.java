package io.sediment.frontend.kafka.coordinator;

import io.sediment.compactor.keys.KeyHasher;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Where in a log each key comes last: an open table of key hashes, 24 bytes an entry, at most two
 * thirds full. Not thread-safe.
 */
final class LastOffsets {
  private static final int FIRST_ENTRIES = 256;
  private static final int WORDS = 3; // hash, hash, offset + 1; all zero where there is none

  private final KeyHasher hasher = new KeyHasher();
  private long[] table = new long[FIRST_ENTRIES * WORDS];
  private int size;

  /** The key of a record further on than any before. */
  void put(ByteBuffer key, long offset) {
    if ((size + 1) * 3L > table.length / WORDS * 2L) {
      grow();
    }
    hasher.hash(key);
    int at = find(table, hasher.high(), hasher.low());
    size += table[at + 2] == 0 ? 1 : 0;
    set(table, at, hasher.high(), hasher.low(), offset + 1);
  }

  /** All of these offsets, in the order of the log. */
  long[] inOrder() {
    long[] offsets = new long[size];
    int next = 0;
    for (int at = 0; at < table.length; at += WORDS) {
      if (table[at + 2] != 0) {
        offsets[next++] = table[at + 2] - 1;
      }
    }
    Arrays.sort(offsets);
    return offsets;
  }

  private void grow() {
    long[] larger = new long[Math.multiplyExact(table.length, 2)];
    for (int at = 0; at < table.length; at += WORDS) {
      if (table[at + 2] != 0) {
        int to = find(larger, table[at], table[at + 1]);
        set(larger, to, table[at], table[at + 1], table[at + 2]);
      }
    }
    table = larger;
  }

  /** Where the entry is or would be. */
  private static int find(long[] table, long high, long low) {
    int entries = table.length / WORDS; // a power of two
    int entry = (int) high & (entries - 1);
    while (true) {
      int at = entry * WORDS;
      if (table[at + 2] == 0 || (table[at] == high && table[at + 1] == low)) {
        return at;
      }
      entry = (entry + 1) & (entries - 1);
    }
  }

  private static void set(long[] table, int at, long high, long low, long offset) {
    table[at] = high;
    table[at + 1] = low;
    table[at + 2] = offset;
  }
}
