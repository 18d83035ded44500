package io.sediment.compactor.keys;

import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.records.BrokenRecordsException;
import io.sediment.lsm.records.RecordCursor;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the batches of a partition in the order of the log and leaves out what does not survive, as
 * Kafka's log cleaner does.
 *
 * <p>A record stays if it is the last of its key, was not aborted, and is no tombstone past its
 * delete horizon. A tombstone's horizon is set when a pass first meets it, by which the records it
 * deletes are gone, and is kept in the batch's base timestamp (KIP-534). A transaction's marker
 * stays until a pass finds none of its data, and from then on as long as a tombstone. A batch of
 * which nothing stays goes, unless it is its producer's last or the last below the ceiling.
 *
 * <p>Not thread-safe.
 */
final class RecordFilter {
  private final CleaningRules rules;
  private final Survivors survivors;
  private final TransactionTrail transactions;
  private final LastBatches lastBatches;

  RecordFilter(
      CleaningRules rules,
      Survivors survivors,
      TransactionTrail transactions,
      LastBatches lastBatches) {
    this.rules = rules;
    this.survivors = survivors;
    this.transactions = transactions;
    if (!rules.fromLogStart()) {
      transactions.passOver();
    }
    this.lastBatches = lastBatches;
  }

  /**
   * @param batch from position to limit, below the ceiling; not changed
   * @return the same buffer where all of it stays, another where some does, null where nothing does
   */
  @Nullable ByteBuffer filter(ByteBuffer batch) throws IOException, BrokenRecordsException {
    int at = batch.position();
    boolean control = RecordBatchLayout.isControl(batch, at);
    boolean spent = control && transactions.isSpent(batch);
    boolean dead = control ? spent && isPastHorizon(batch) : transactions.isAborted(batch);
    Kept kept = dead ? Kept.NOTHING : select(batch, control);
    if (kept.records == 0) {
      if (!lastBatches.contains(batch)
          && RecordBatchLayout.lastOffset(batch, at) + 1 != rules.ceiling()) {
        return null;
      }
      return RecordBatchLayout.recordsCount(batch, at) == 0 ? batch : BatchRewriter.emptied(batch);
    }
    boolean setsHorizon =
        rules.fromLogStart()
            && (kept.tombstones || spent)
            && !RecordBatchLayout.hasDeleteHorizon(batch, at);
    if (kept.records == RecordBatchLayout.recordsCount(batch, at) && !setsHorizon) {
      return batch;
    }
    BatchRewriter rewriter = new BatchRewriter(batch);
    if (setsHorizon) {
      rewriter.deleteHorizon(rules.deleteHorizonMs());
    }
    try (RecordCursor record = new RecordCursor(batch, rules.inflatedBytesMax())) {
      while (record.next()) {
        if (stays(batch, control, record)) {
          rewriter.append(record);
        }
      }
    }
    return rewriter.finish();
  }

  /** What stays of a batch. */
  private record Kept(int records, boolean tombstones) {
    static final Kept NOTHING = new Kept(0, false);
  }

  private Kept select(ByteBuffer batch, boolean control)
      throws IOException, BrokenRecordsException {
    int records = 0;
    boolean tombstones = false;
    try (RecordCursor record = new RecordCursor(batch, rules.inflatedBytesMax())) {
      while (record.next()) {
        if (stays(batch, control, record)) {
          records++;
          tombstones |= !record.hasValue();
        }
      }
    }
    return new Kept(records, tombstones);
  }

  private boolean stays(ByteBuffer batch, boolean control, RecordCursor record) throws IOException {
    if (control) {
      return true;
    }
    return record.hasKey()
        && survivors.contains(record.offset())
        && (record.hasValue() || !isPastHorizon(batch));
  }

  private boolean isPastHorizon(ByteBuffer batch) {
    int at = batch.position();
    return RecordBatchLayout.hasDeleteHorizon(batch, at)
        && RecordBatchLayout.baseTimestamp(batch, at) <= rules.nowMs();
  }
}
