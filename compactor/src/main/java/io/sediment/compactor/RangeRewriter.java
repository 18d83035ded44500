package io.sediment.compactor;

import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.Block;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Rewrites what is not kept as it is: here log compaction enters a {@link CompactionJob}. All other
 * partitions are copied as opaque bytes.
 *
 * <p>Called by one job at a time, on the scheduler's threads.
 */
public interface RangeRewriter {
  /** Everything is kept as it is. */
  RangeRewriter NONE =
      new RangeRewriter() {
        @Override
        public long memoryBytes() {
          return 0;
        }

        @Override
        public boolean rewrites(PartitionId partition) {
          return false;
        }

        @Override
        public CompletableFuture<Optional<CompactionPlan>> plan(
            LaneId lane,
            List<RunRef> runs,
            Liveness liveness,
            Function<RunRef, CompletableFuture<List<SourceSection>>> sections) {
          return CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public CompletableFuture<BatchFilter> begin(Range range, BlockSource blocks) {
          throw new IllegalStateException("nothing is rewritten");
        }
      };

  /**
   * What it needs for one partition at a time, from {@link #begin} until the filter is closed. A
   * job reserves it before it begins.
   */
  long memoryBytes();

  /** Whether the partition's batches go through a filter. The same answer for a whole job. */
  boolean rewrites(PartitionId partition);

  /**
   * A job that is worth it for what this drops, asked for when there is nothing else to be done;
   * empty where none is. One call at a time for each lane.
   *
   * @param runs of the lane that may be merged, oldest first
   * @param sections reads what a run holds
   */
  CompletableFuture<Optional<CompactionPlan>> plan(
      LaneId lane,
      List<RunRef> runs,
      Liveness liveness,
      Function<RunRef, CompletableFuture<List<SourceSection>>> sections);

  /**
   * Begins one partition: all that the job's sources hold of it, at or above its log start.
   *
   * @param blocks reads any of the range's blocks, for a look at the keys before the first batch is
   *     decided on
   */
  CompletableFuture<BatchFilter> begin(Range range, BlockSource blocks);

  /**
   * A partition's part of a job.
   *
   * @param sections as the sources have them, in log order, producers and fields included; their
   *     blocks may begin below {@code fromOffset}
   * @param blocks those that go through the filter, in offset order
   */
  record Range(
      PartitionId partition,
      long fromOffset,
      long toOffset,
      List<SourceSection> sections,
      List<SourceBlock> blocks) {
    public Range {
      sections = List.copyOf(sections);
      blocks = List.copyOf(blocks);
    }
  }

  /** Decides batch by batch. Blocks come in offset order, each once. */
  interface BatchFilter extends AutoCloseable {
    /**
     * What stays of a block, as whole batches in offset order under the block's leader epoch; their
     * offsets lie within the block's.
     *
     * <p>Each producer's last batch has to stay, if need be without records. So has the last batch
     * of the range: a reader that comes to the range's end finds where it goes on.
     *
     * @param bytes verified; from position to limit
     * @return slices of {@code bytes}, or memory of its own that is not touched again
     */
    List<ByteBuffer> filter(Block block, ByteBuffer bytes);

    /** What to write beside the section once all of its blocks have been filtered. */
    default ExtensionFields fields() {
      return ExtensionFields.NONE;
    }

    /** Called once, behind the last block or where the job fails: gives its memory back. */
    @Override
    default void close() {}
  }

  /** Reads verified blocks, in the order asked for. */
  interface BlockSource {
    CompletableFuture<List<ByteBuffer>> read(List<SourceBlock> blocks);
  }
}
