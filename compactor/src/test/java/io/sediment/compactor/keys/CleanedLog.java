package io.sediment.compactor.keys;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.records.BrokenRecordsException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * A log in memory that is cleaned as a job would do it: first the summaries of what is dirty, then
 * a pass over all of it below the ceiling.
 */
final class CleanedLog {
  static final PartitionId PARTITION = new PartitionId(new UUID(1, 2), 3);

  private final History history;
  private final long deleteRetentionMs;
  private final int rangeKeysMax;
  private final long marksBytesMax;
  private final int rangesMax;
  private List<ByteBuffer> clean = new ArrayList<>();
  private long firstDirty;
  private final List<ByteBuffer> dirty = new ArrayList<>();

  CleanedLog(
      History history,
      long deleteRetentionMs,
      int rangeKeysMax,
      long marksBytesMax,
      int rangesMax) {
    this.history = history;
    this.deleteRetentionMs = deleteRetentionMs;
    this.rangeKeysMax = rangeKeysMax;
    this.marksBytesMax = marksBytesMax;
    this.rangesMax = rangesMax;
  }

  void append(ByteBuffer batch) {
    dirty.add(batch);
  }

  /** Where cleaning has come to. */
  long firstDirty() {
    return firstDirty;
  }

  /** As Kafka's classes read them. */
  List<RecordBatch> batches() {
    List<ByteBuffer> all = new ArrayList<>(clean);
    all.addAll(dirty);
    List<RecordBatch> batches = new ArrayList<>();
    for (ByteBuffer batch : all) {
      MemoryRecords.readableRecords(batch.duplicate()).batches().forEach(batches::add);
    }
    return batches;
  }

  void clean(long ceiling) throws IOException, BrokenRecordsException {
    CleaningRules rules =
        new CleaningRules(true, ceiling, history.nowMs(), deleteRetentionMs, 1 << 20);
    List<ByteBuffer> below = new ArrayList<>(clean);
    for (ByteBuffer batch : dirty) {
      if (RecordBatchLayout.lastOffset(batch, batch.position()) < ceiling) {
        below.add(batch);
      }
    }
    List<KeySummary> summaries = new ArrayList<>();
    RangeSummarizer summarizer =
        new RangeSummarizer(
            PARTITION,
            0,
            rules,
            rangeKeysMax,
            history.aborted(),
            (range, summary) -> summaries.add(open(summary)));
    for (ByteBuffer batch : below) {
      summarizer.add(batch);
    }
    summarizer.finish(ceiling);
    RecordFilter filter =
        new RecordFilter(
            rules,
            new Survivors(summaries, marksBytesMax, rangesMax),
            new TransactionTrail(history.aborted()),
            new LastBatches(history.producers()));
    List<ByteBuffer> result = new ArrayList<>();
    for (ByteBuffer batch : below) {
      ByteBuffer kept = filter.filter(batch);
      if (kept != null) {
        result.add(kept);
      }
    }
    clean = result;
    dirty.removeAll(below);
    firstDirty = ceiling;
  }

  private static KeySummary open(ByteBuffer summary) throws IOException {
    return KeySummary.open(KeySummary.Source.of(summary), "test");
  }
}
