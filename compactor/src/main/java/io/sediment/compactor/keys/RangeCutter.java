package io.sediment.compactor.keys;

import io.sediment.lsm.PartitionId;
import java.io.IOException;

/**
 * Cuts a partition into ranges between batches, so that each has as many keys as fit a summary and
 * no more offsets than an int can count. Not thread-safe.
 */
final class RangeCutter {
  private final PartitionId partition;
  private final int keysMax;
  private final RangeOutput output;
  private KeySummaryBuilder keys;
  private long from;

  /** End of the last batch. */
  private long end;

  RangeCutter(PartitionId partition, long from, int keysMax, RangeOutput output) {
    this.partition = partition;
    this.keysMax = keysMax;
    this.output = output;
    this.from = from;
    this.end = from;
    this.keys = new KeySummaryBuilder(partition, keysMax);
  }

  /** The next batch has the offsets {@code [baseOffset, nextOffset)}: keys of its range. */
  KeySummaryBuilder at(long baseOffset, long nextOffset) throws IOException {
    if (keys.isFull() || nextOffset - from > Integer.MAX_VALUE) {
      cut(end);
      if (nextOffset - from > Integer.MAX_VALUE) {
        from = baseOffset;
      }
    }
    end = nextOffset;
    return keys;
  }

  /** Ends the last range at {@code to}, or at the last batch where that is too far away. */
  void finish(long to) throws IOException {
    cut(to - from > Integer.MAX_VALUE ? end : to);
  }

  private void cut(long to) throws IOException {
    if (to > from) {
      OffsetRange range = new OffsetRange(from, to);
      output.range(range, keys.build(range));
    }
    from = to;
    keys = new KeySummaryBuilder(partition, keysMax);
  }
}
