package io.sediment.compactor.keys;

import io.sediment.compactor.CompactionPlan;
import io.sediment.compactor.Liveness;
import io.sediment.compactor.RangeRewriter;
import io.sediment.compactor.SourceSection;
import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.records.BrokenRecordsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Log compaction as a part of the compactor's jobs: whatever a job holds of a compacted partition
 * is cleaned on the way, and a job of its own is proposed once a partition has gathered enough that
 * is new.
 *
 * <p>A partition whose records cannot be read is kept as it is and reported; the others go on. It
 * is tried again when its log start has passed those records, and now and then besides.
 */
public final class KeyCleaner implements RangeRewriter {
  private static final Logger log = LoggerFactory.getLogger(KeyCleaner.class);

  /** More would not make it faster. */
  private static final long MEMORY_BYTES_MAX = 64 << 20;

  /** A try that fails again has written the partition once more. */
  private static final Duration TRIED_AGAIN_AFTER = Duration.ofDays(1);

  private final CompactedTopics topics;
  private final InstantSource clock;
  private final Executor executor;
  private final Path scratch;
  private final long memoryBytes;
  private final CleaningMemory memory;
  private final Map<LaneId, CleaningPlanner> planners = new ConcurrentHashMap<>();
  private final Map<PartitionId, Unreadable> uncleanable = new ConcurrentHashMap<>();

  /**
   * Records that cannot be read.
   *
   * @param lastOffset of their block, which is read as long as some of it is alive
   */
  private record Unreadable(long lastOffset, long tryAgainAtMs) {}

  /**
   * @param executor the compactor's; reads and writes small local files
   * @param scratch folder for these, on a local disk
   * @param memoryBytes for one partition at a time
   */
  public KeyCleaner(
      CompactedTopics topics,
      InstantSource clock,
      Executor executor,
      Path scratch,
      long memoryBytes) {
    this(topics, clock, executor, scratch, memoryBytes, CleaningMemory.of(memoryBytes));
  }

  KeyCleaner(
      CompactedTopics topics,
      InstantSource clock,
      Executor executor,
      Path scratch,
      long memoryBytes,
      CleaningMemory memory) {
    this.topics = topics;
    this.clock = clock;
    this.executor = executor;
    this.scratch = scratch;
    this.memoryBytes = memoryBytes;
    this.memory = memory;
  }

  /** How much to give to a cleaner of a process that has {@code bytes} for compaction. */
  public static long memoryOutOf(long bytes) {
    return Math.min(MEMORY_BYTES_MAX, bytes / 2);
  }

  @Override
  public long memoryBytes() {
    return memoryBytes;
  }

  @Override
  public boolean rewrites(PartitionId partition) {
    return topics.settings(partition.topicId()).compacts() && !uncleanable.containsKey(partition);
  }

  @Override
  public CompletableFuture<Optional<CompactionPlan>> plan(
      LaneId lane,
      List<RunRef> runs,
      Liveness liveness,
      Function<RunRef, CompletableFuture<List<SourceSection>>> sections) {
    long nowMs = clock.millis();
    uncleanable
        .entrySet()
        .removeIf(
            each ->
                liveness.logStart(each.getKey()) > each.getValue().lastOffset()
                    || nowMs >= each.getValue().tryAgainAtMs());
    return planners
        .computeIfAbsent(lane, unknown -> new CleaningPlanner(topics))
        .plan(runs, liveness, uncleanable.keySet(), nowMs, sections);
  }

  @Override
  public CompletableFuture<RangeRewriter.BatchFilter> begin(Range range, BlockSource source) {
    PartitionState state = PartitionState.of(range.sections());
    CleaningRules rules = rules(range, state);
    SummaryScratch kept = new SummaryScratch(scratch, memory.summaryBytesMax());
    List<KeySummary> summaries = new ArrayList<>();
    RangeSummarizer summarizer =
        new RangeSummarizer(
            range.partition(),
            startOf(range),
            rules,
            memory.rangeKeysMax(),
            state.abortedTxns(),
            (offsets, summary) -> summaries.add(kept.keep(offsets, summary)));
    return summarize(range, 0, source, summarizer, rules)
        .thenApply(
            done ->
                new Cleaning(
                    rules,
                    new RecordFilter(
                        rules,
                        new Survivors(summaries, memory.marksBytesMax(), memory.rangesMax()),
                        new TransactionTrail(state.abortedTxns()),
                        new LastBatches(state.producers())),
                    kept))
        .handle(
            (RangeRewriter.BatchFilter cleaning, Throwable failure) -> {
              if (failure == null) {
                return CompletableFuture.completedFuture(cleaning);
              }
              kept.close();
              Throwable cause = failure.getCause() == null ? failure : failure.getCause();
              if (cause instanceof UncleanableException unreadable) {
                uncleanable.put(
                    range.partition(),
                    new Unreadable(
                        unreadable.lastOffset, clock.millis() + TRIED_AGAIN_AFTER.toMillis()));
                log.error("not compacted, kept as it is: partition={}", range.partition(), cause);
                return CompletableFuture.<RangeRewriter.BatchFilter>completedFuture(
                    KeyCleaner::batches);
              }
              return CompletableFuture.<RangeRewriter.BatchFilter>failedFuture(failure);
            })
        .thenCompose(result -> result);
  }

  private static long startOf(Range range) {
    return range.blocks().isEmpty()
        ? range.fromOffset()
        : Math.min(range.fromOffset(), range.blocks().get(0).block().baseOffset());
  }

  private CleaningRules rules(Range range, PartitionState state) {
    CleaningSettings settings = topics.settings(range.partition().topicId());
    long nowMs = clock.millis();
    long ceiling = Math.min(range.toOffset(), state.lastStableOffset());
    for (SourceBlock each : range.blocks()) {
      if (CleaningPolicy.isTooYoung(each.block().maxTimestamp(), settings, nowMs)) {
        ceiling = Math.min(ceiling, each.block().baseOffset());
      }
    }
    if (!range.blocks().isEmpty()) {
      // Its last batch stays: readers find by it where the log goes on.
      Block last = range.blocks().get(range.blocks().size() - 1).block();
      ceiling = Math.min(ceiling, last.lastOffset() + 1);
    }
    return new CleaningRules(
        isAllOfTheLog(range),
        Math.max(ceiling, startOf(range)),
        nowMs,
        settings.deleteRetentionMs(),
        settings.inflatedBytesMax());
  }

  /** Not where records of another lane lie between those of the range, or before them. */
  private boolean isAllOfTheLog(Range range) {
    int lastLeaderEpoch =
        range.blocks().isEmpty()
            ? 0
            : range.blocks().get(range.blocks().size() - 1).block().leaderEpoch();
    return topics
        .head(range.partition())
        .reaches(startOf(range), range.toOffset(), lastLeaderEpoch);
  }

  // -- the first reading -------------------------------------------------------------------------

  private CompletableFuture<Void> summarize(
      Range range, int from, BlockSource source, RangeSummarizer summarizer, CleaningRules rules) {
    List<SourceBlock> next = new ArrayList<>();
    long bytes = 0;
    for (SourceBlock each : range.blocks().subList(from, range.blocks().size())) {
      if (each.block().baseOffset() >= rules.ceiling()
          || (!next.isEmpty() && bytes + each.block().length() > memory.readBytes())) {
        break;
      }
      next.add(each);
      bytes += each.block().length();
    }
    if (next.isEmpty()) {
      return CompletableFuture.runAsync(() -> finish(summarizer, rules), executor);
    }
    return source
        .read(next)
        .thenAcceptAsync(blocks -> blocks.forEach(it -> add(it, summarizer, rules)), executor)
        .thenCompose(done -> summarize(range, from + next.size(), source, summarizer, rules));
  }

  private static void add(ByteBuffer block, RangeSummarizer summarizer, CleaningRules rules) {
    List<ByteBuffer> batches = batches(block);
    for (ByteBuffer batch : batches) {
      if (RecordBatchLayout.lastOffset(batch, 0) < rules.ceiling()) {
        try {
          summarizer.add(batch);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        } catch (BrokenRecordsException e) {
          throw UncleanableException.unreadable(batch, batches, e);
        }
      }
    }
  }

  private static void finish(RangeSummarizer summarizer, CleaningRules rules) {
    try {
      summarizer.finish(rules.ceiling());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<ByteBuffer> batches(Block block, ByteBuffer bytes) {
    return batches(bytes);
  }

  private static List<ByteBuffer> batches(ByteBuffer block) {
    List<ByteBuffer> batches = new ArrayList<>();
    for (int at = block.position(); at < block.limit(); ) {
      int size = RecordBatchLayout.sizeInBytes(block, at);
      batches.add(block.slice(at, size));
      at += size;
    }
    return batches;
  }

  /** Nothing but time or an operator can help. */
  private static final class UncleanableException extends RuntimeException {
    private static final long serialVersionUID = 1;

    final long lastOffset; // of the block

    UncleanableException(String message, long lastOffset, @Nullable Throwable cause) {
      super(message, cause);
      this.lastOffset = lastOffset;
    }

    /** A batch whose records are not what its header says. */
    static UncleanableException unreadable(
        ByteBuffer batch, List<ByteBuffer> block, BrokenRecordsException cause) {
      return new UncleanableException(
          "records of the batch at offset="
              + RecordBatchLayout.baseOffset(batch, 0)
              + ": "
              + cause.getMessage(),
          RecordBatchLayout.lastOffset(block.get(block.size() - 1), 0),
          cause);
    }
  }

  // -- the second reading ------------------------------------------------------------------------

  /** What stays, batch by batch. */
  private static final class Cleaning implements RangeRewriter.BatchFilter {
    private final CleaningRules rules;
    private final RecordFilter filter;
    private final SummaryScratch scratch;

    Cleaning(CleaningRules rules, RecordFilter filter, SummaryScratch scratch) {
      this.rules = rules;
      this.filter = filter;
      this.scratch = scratch;
    }

    @Override
    public List<ByteBuffer> filter(Block block, ByteBuffer bytes) {
      List<ByteBuffer> stay = new ArrayList<>();
      List<ByteBuffer> batches = batches(bytes);
      for (ByteBuffer batch : batches) {
        ByteBuffer kept =
            RecordBatchLayout.lastOffset(batch, 0) < rules.ceiling()
                ? filter(batch, batches)
                : batch;
        if (kept != null) {
          stay.add(kept);
        }
      }
      return stay;
    }

    private @Nullable ByteBuffer filter(ByteBuffer batch, List<ByteBuffer> block) {
      try {
        return filter.filter(batch);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (BrokenRecordsException e) {
        throw UncleanableException.unreadable(batch, block, e);
      }
    }

    @Override
    public ExtensionFields fields() {
      return PartitionState.cleanedTo(rules.ceiling());
    }

    @Override
    public void close() {
      scratch.close();
    }
  }
}
