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

  /** Of the ranges from {@code first} on. */
  private List<OffsetSet> window = List.of();

  private int first;
  private int current;

  /**
   * @param summaries of successive ranges, oldest first, all that is to be cleaned
   * @param marksBytesMax memory for marks
   */
  Survivors(List<KeySummary> summaries, long marksBytesMax) {
    this.summaries = List.copyOf(summaries);
    this.marksBytesMax = marksBytesMax;
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
      long bytes = OffsetSet.bytesMax(summaries.get(range));
      int end = range + 1;
      while (end < summaries.size()
          && bytes + OffsetSet.bytesMax(summaries.get(end)) <= marksBytesMax) {
        bytes += OffsetSet.bytesMax(summaries.get(end));
        end++;
      }
      // What is older supersedes nothing in here.
      window = SurvivorMerge.merge(summaries.subList(range, summaries.size()), end - range);
      first = range;
    }
    return window.get(range - first);
  }
}
