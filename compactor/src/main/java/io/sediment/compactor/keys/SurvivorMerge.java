package io.sediment.compactor.keys;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Finds out what survives: goes through the summaries of successive ranges at once, in the order of
 * hashes, and marks of each key the entry in the last range that has it.
 */
final class SurvivorMerge {
  /** A summary's cursor at an entry. */
  private record Head(int range, KeySummary.Cursor cursor) {}

  private static final Comparator<Head> BY_HASH_NEWEST_FIRST =
      (a, b) -> {
        int byHash =
            KeySummary.compareHashes(
                a.cursor.high(), a.cursor.low(), b.cursor.high(), b.cursor.low());
        return byHash != 0 ? byHash : Integer.compare(b.range, a.range);
      };

  private SurvivorMerge() {}

  /**
   * The offsets that survive in each of the first {@code marked} ranges. Memory: a page of each
   * summary and the marks.
   *
   * @param summaries of successive ranges, oldest first; of one partition
   * @param marked how many of them to mark; the others only supersede
   */
  static List<OffsetSet> merge(List<KeySummary> summaries, int marked) throws IOException {
    List<OffsetSet> sets = new ArrayList<>();
    for (KeySummary summary : summaries.subList(0, marked)) {
      sets.add(new OffsetSet(summary.range(), summary.keyCount()));
    }
    walk(
        summaries,
        (head, newestOfKey) -> {
          if (head.range < marked && newestOfKey == head.range) {
            sets.get(head.range).mark(head.cursor.offset());
          }
        });
    sets.forEach(OffsetSet::freeze);
    return sets;
  }

  /**
   * Takes back the marks that {@link #merge} made of what a later range supersedes, for ranges that
   * it did not look at. Memory: a page of each summary.
   *
   * @param sets of the ranges of {@code marked}
   * @param newer summaries of later ranges
   */
  static void unmark(List<OffsetSet> sets, List<KeySummary> marked, List<KeySummary> newer)
      throws IOException {
    List<KeySummary> all = new ArrayList<>(marked);
    all.addAll(newer);
    walk(
        all,
        (head, newestOfKey) -> {
          if (head.range < marked.size() && newestOfKey >= marked.size()) {
            sets.get(head.range).unmark(head.cursor.offset());
          }
        });
  }

  private interface Visitor {
    /**
     * @param newestOfKey the last range that has the same key
     */
    void entry(Head head, int newestOfKey);
  }

  /** All entries in the order of hashes, those of one key newest first. */
  private static void walk(List<KeySummary> summaries, Visitor visitor) throws IOException {
    checkOrder(summaries);
    PriorityQueue<Head> heads =
        new PriorityQueue<>(Math.max(1, summaries.size()), BY_HASH_NEWEST_FIRST);
    for (int i = 0; i < summaries.size(); i++) {
      advance(heads, new Head(i, summaries.get(i).cursor()));
    }
    long high = 0;
    long low = 0;
    int newest = -1;
    while (!heads.isEmpty()) {
      Head head = heads.poll();
      if (newest < 0 || head.cursor.high() != high || head.cursor.low() != low) {
        newest = head.range;
        high = head.cursor.high();
        low = head.cursor.low();
      }
      visitor.entry(head, newest);
      advance(heads, head);
    }
  }

  private static void advance(PriorityQueue<Head> heads, Head head) throws IOException {
    if (head.cursor.next()) {
      heads.add(head);
    }
  }

  private static void checkOrder(List<KeySummary> summaries) {
    for (int i = 1; i < summaries.size(); i++) {
      KeySummary before = summaries.get(i - 1);
      KeySummary after = summaries.get(i);
      if (before.range().to() > after.range().from()
          || !before.partition().equals(after.partition())) {
        throw new IllegalArgumentException("not successive: " + before + " then " + after);
      }
    }
  }
}
