package io.sediment.compactor.keys;

import java.io.IOException;
import java.util.List;

/**
 * Which offsets hold the last record of their key, over successive ranges. Found out for as many
 * ranges at a time as memory shall hold, when they are first asked for; asked in the order of the
 * log. Not thread-safe.
 */
final class Survivors {
  private final List<KeySummary> summaries;
  private final long marksBytesMax;
  private final int rangesMax;

  /** Of the ranges from {@code first} on. */
  private List<OffsetSet> window = List.of();

  private int first;
  private int current;

  /**
   * @param summaries of successive ranges, oldest first, all that is to be cleaned
   * @param marksBytesMax memory for marks
   * @param rangesMax summaries that are gone through at once; at least two
   */
  Survivors(List<KeySummary> summaries, long marksBytesMax, int rangesMax) {
    this.summaries = List.copyOf(summaries);
    this.marksBytesMax = marksBytesMax;
    this.rangesMax = rangesMax;
  }

  /**
   * Whether the record at {@code offset} stays.
   *
   * @throws IllegalStateException if no range has the offset: nothing is known about it
   */
  boolean contains(long offset) throws IOException {
    while (current < summaries.size() && offset >= summaries.get(current).range().to()) {
      current++;
    }
    if (current == summaries.size() || offset < summaries.get(current).range().from()) {
      throw new IllegalStateException("offset=" + offset + " outside of what was summarized");
    }
    return window(current).contains(offset);
  }

  private OffsetSet window(int range) throws IOException {
    if (range < first) {
      throw new IllegalStateException("range=" + range + " asked for behind range=" + first);
    }
    if (range >= first + window.size()) {
      window = List.of();
      window = marked(range);
      first = range;
    }
    return window.get(range - first);
  }

  /** Of the range and as many behind it as memory does for. */
  private List<OffsetSet> marked(int from) throws IOException {
    int left = summaries.size() - from;
    // Where one pass does not do for all that is left, each has room for what it compares with.
    int windowMax = left <= rangesMax ? left : rangesMax / 2;
    long bytes = OffsetSet.bytesMax(summaries.get(from));
    int end = from + 1;
    while (end < from + windowMax
        && bytes + OffsetSet.bytesMax(summaries.get(end)) <= marksBytesMax) {
      bytes += OffsetSet.bytesMax(summaries.get(end));
      end++;
    }
    // What is older supersedes nothing in here.
    int next = from + Math.min(left, rangesMax);
    List<OffsetSet> sets = SurvivorMerge.merge(summaries.subList(from, next), end - from);
    while (next < summaries.size()) {
      int to = Math.min(summaries.size(), next + rangesMax - (end - from));
      SurvivorMerge.unmark(sets, summaries.subList(from, end), summaries.subList(next, to));
      next = to;
    }
    return sets;
  }
}
