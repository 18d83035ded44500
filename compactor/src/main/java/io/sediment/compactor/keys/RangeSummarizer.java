package io.sediment.compactor.keys;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.records.BrokenRecordsException;
import io.sediment.lsm.records.RecordCursor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collection;

/**
 * Reads batches for the first time, in the order of the log, and makes the summaries of their keys:
 * a new range whenever the one before has as many keys as memory shall hold. Not thread-safe.
 */
final class RangeSummarizer {
  private final CleaningRules rules;
  private final TransactionTrail transactions;
  private final RangeCutter ranges;
  private final KeyHasher hasher = new KeyHasher();

  /**
   * @param from where the first range begins
   * @param rangeKeysMax keys of one summary, which bounds the memory for building it
   */
  RangeSummarizer(
      PartitionId partition,
      long from,
      CleaningRules rules,
      int rangeKeysMax,
      Collection<AbortedTxn> abortedTxns,
      RangeOutput output) {
    this.rules = rules;
    this.transactions = new TransactionTrail(abortedTxns);
    this.ranges = new RangeCutter(partition, from, rangeKeysMax, output);
  }

  /**
   * Takes the next batch below the ceiling.
   *
   * @param batch from position to limit, with a sound header
   */
  void add(ByteBuffer batch) throws IOException, BrokenRecordsException {
    int at = batch.position();
    KeySummaryBuilder keys =
        ranges.at(
            RecordBatchLayout.baseOffset(batch, at), RecordBatchLayout.lastOffset(batch, at) + 1);
    if (RecordBatchLayout.isControl(batch, at) || transactions.isAborted(batch)) {
      return;
    }
    try (RecordCursor record = new RecordCursor(batch, rules.inflatedBytesMax())) {
      while (record.next()) {
        if (record.hasKey()) {
          hasher.hash(record);
          keys.put(hasher.high(), hasher.low(), record.offset());
        }
      }
    }
  }

  /** All batches below {@code to} were added. */
  void finish(long to) throws IOException {
    ranges.finish(to);
  }
}
