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

  /** A cleaned range with its batches. */
  private record Range(KeySummary summary, List<ByteBuffer> batches) {}

  private final History history;
  private final long deleteRetentionMs;
  private final int rangeKeysMax;
  private final long marksBytesMax;
  private List<Range> clean = new ArrayList<>();
  private final List<ByteBuffer> dirty = new ArrayList<>();
  private final boolean passesOver;
  private int passedOver;

  /**
   * @param passesOver whether settled ranges stay where they are
   */
  CleanedLog(
      History history,
      long deleteRetentionMs,
      int rangeKeysMax,
      long marksBytesMax,
      boolean passesOver) {
    this.passesOver = passesOver;
    this.history = history;
    this.deleteRetentionMs = deleteRetentionMs;
    this.rangeKeysMax = rangeKeysMax;
    this.marksBytesMax = marksBytesMax;
  }

  void append(ByteBuffer batch) {
    dirty.add(batch);
  }

  /** Where cleaning has come to. */
  long firstDirty() {
    return clean.isEmpty() ? 0 : clean.get(clean.size() - 1).summary().range().to();
  }

  /** Ranges that passes left where they were. */
  int passedOver() {
    return passedOver;
  }

  /** As Kafka's classes read them. */
  List<RecordBatch> batches() {
    List<ByteBuffer> all = new ArrayList<>();
    clean.forEach(range -> all.addAll(range.batches()));
    all.addAll(dirty);
    List<RecordBatch> batches = new ArrayList<>();
    for (ByteBuffer batch : all) {
      MemoryRecords.readableRecords(batch.duplicate()).batches().forEach(batches::add);
    }
    return batches;
  }

  void clean(long ceiling) throws IOException, BrokenRecordsException {
    CleaningRules rules =
        new CleaningRules(
            true,
            ceiling,
            history.nowMs(),
            deleteRetentionMs,
            1 << 20,
            rangeKeysMax,
            marksBytesMax);
    List<ByteBuffer> below =
        dirty.stream()
            .filter(b -> RecordBatchLayout.lastOffset(b, b.position()) < ceiling)
            .toList();
    List<KeySummary> summaries = new ArrayList<>();
    clean.forEach(range -> summaries.add(range.summary()));
    RangeSummarizer summarizer =
        new RangeSummarizer(
            PARTITION,
            firstDirty(),
            rules,
            history.aborted(),
            (range, summary) -> summaries.add(open(summary)));
    for (ByteBuffer batch : below) {
      summarizer.add(batch);
    }
    summarizer.finish(ceiling);

    List<Range> result = new ArrayList<>();
    CleaningPass pass =
        new CleaningPass(
            PARTITION,
            0,
            summaries,
            rules,
            history.aborted(),
            new LastBatches(history.producers()),
            new CleaningPass.Output() {
              private List<ByteBuffer> batches = new ArrayList<>();

              @Override
              public void batch(ByteBuffer batch) {
                batches.add(batch);
              }

              @Override
              public void range(OffsetRange range, ByteBuffer summary) throws IOException {
                result.add(new Range(open(summary), batches));
                batches = new ArrayList<>();
              }
            });
    for (int i = 0; i < clean.size(); i++) {
      if (passesOver && pass.isSettled(i)) {
        pass.passOver(i);
        result.add(clean.get(i));
        passedOver++;
      } else {
        for (ByteBuffer batch : clean.get(i).batches()) {
          pass.add(batch);
        }
      }
    }
    for (ByteBuffer batch : below) {
      pass.add(batch);
    }
    pass.finish();
    clean = result;
    dirty.removeAll(below);
  }

  private static KeySummary open(ByteBuffer summary) throws IOException {
    return KeySummary.open(KeySummary.Source.of(summary), "test");
  }
}
