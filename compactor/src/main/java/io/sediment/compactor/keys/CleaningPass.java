package io.sediment.compactor.keys;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.records.BrokenRecordsException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One pass of log compaction over a partition: from the start of its log, or from later on, to a
 * ceiling, range by range. What has nothing to drop can be passed over and stays where it is. Not
 * thread-safe.
 */
public final class CleaningPass {
  /** Takes what stays, in the order of the log. */
  public interface Output extends RangeOutput {
    /**
     * The next batch; belongs to the range that is handed over next.
     *
     * @param batch from position to limit; the caller's own buffer where nothing has changed
     */
    void batch(ByteBuffer batch) throws IOException;
  }

  private final List<KeySummary> summaries;
  private final CleaningRules rules;
  private final Survivors survivors;
  private final TransactionTrail transactions;
  private final BatchFilter filter;
  private final RangeCutter ranges;
  private final Output output;

  /** What the next batch's keys are put into; the filter reports between. */
  private @Nullable KeySummaryBuilder keys;

  /**
   * @param from where the first range begins
   * @param summaries of all ranges from there to the ceiling, oldest first
   * @param abortedTxns that overlap the ranges
   * @param producers their last batches as of the ceiling or later
   */
  public CleaningPass(
      PartitionId partition,
      long from,
      List<KeySummary> summaries,
      CleaningRules rules,
      Collection<AbortedTxn> abortedTxns,
      LastBatches producers,
      Output output) {
    this.summaries = List.copyOf(summaries);
    this.rules = rules;
    this.survivors = new Survivors(summaries, rules.marksBytesMax());
    this.transactions = new TransactionTrail(abortedTxns);
    if (!rules.fromLogStart()) {
      transactions.passOver();
    }
    this.ranges = new RangeCutter(partition, from, rules.rangeKeysMax(), output);
    this.filter =
        new BatchFilter(
            rules,
            survivors,
            transactions,
            producers,
            new BatchFilter.Listener() {
              @Override
              public void stays(KeyHasher hasher, long offset) {
                keys().put(hasher.high(), hasher.low(), offset);
              }

              @Override
              public void unsettled() {
                keys().markUnsettled();
              }
            });
    this.output = output;
  }

  /** Whether there is nothing to drop in the range, all of which then survives as it is. */
  public boolean isSettled(int range) throws IOException {
    KeySummary summary = summaries.get(range);
    return !summary.isUnsettled() && survivors.count(range) == summary.keyCount();
  }

  /** Leaves a settled range as it is, summary and all; its batches are not to be added. */
  public void passOver(int range) throws IOException {
    ranges.passOver(summaries.get(range).range());
    transactions.passOver();
  }

  /**
   * Takes the next batch.
   *
   * @param batch from position to limit, below the ceiling, with a sound header; not changed
   */
  public void add(ByteBuffer batch) throws IOException, BrokenRecordsException {
    int at = batch.position();
    long nextOffset = RecordBatchLayout.lastOffset(batch, at) + 1;
    if (nextOffset > rules.ceiling()) {
      throw new IllegalStateException(
          "batch up to offset=" + nextOffset + " above the ceiling=" + rules.ceiling());
    }
    keys = ranges.at(RecordBatchLayout.baseOffset(batch, at), nextOffset);
    ByteBuffer kept = filter.filter(batch);
    if (kept != null) {
      output.batch(kept);
    }
  }

  /** All batches below the ceiling were added. */
  public void finish() throws IOException {
    ranges.finish(rules.ceiling());
  }

  private KeySummaryBuilder keys() {
    KeySummaryBuilder current = keys;
    if (current == null) {
      throw new IllegalStateException("no batch was added");
    }
    return current;
  }
}
