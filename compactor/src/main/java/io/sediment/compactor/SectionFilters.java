package io.sediment.compactor;

import io.sediment.compactor.RangeRewriter.BatchFilter;
import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ExtensionFields;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The filters of a run's sections, one at a time: begun when the first block of a section comes,
 * which may go on in the run's next object, and ended when that of the next section does. Not
 * thread-safe.
 */
final class SectionFilters implements AutoCloseable {
  private final JobContext context;
  private final List<PlannedSection> sections;
  private final Map<PartitionId, ExtensionFields> fields = new HashMap<>();
  private int current = -1;
  private @Nullable CompletableFuture<BatchFilter> filter; // of the current section

  SectionFilters(JobContext context, List<PlannedSection> sections) {
    this.context = context;
    this.sections = sections;
  }

  /**
   * The filter of a section, once it is ready. Sections are asked for in order; that of an earlier
   * one was ready, and has seen all of its blocks.
   */
  CompletableFuture<BatchFilter> of(int section) {
    CompletableFuture<BatchFilter> begun = filter;
    if (begun == null || section != current) {
      end();
      begun = begin(sections.get(section));
      current = section;
      filter = begun;
    }
    return begun;
  }

  private CompletableFuture<BatchFilter> begin(PlannedSection section) {
    BlockReads reads = context.blockReads();
    return context
        .rewriter()
        .begin(
            new RangeRewriter.Range(
                section.partition(),
                section.fromOffset(),
                section.toOffset(),
                section.sections(),
                section.blocks().stream().map(PlannedSection.PlannedBlock::source).toList()),
            blocks -> atPace(reads, blocks));
  }

  private CompletableFuture<List<ByteBuffer>> atPace(BlockReads reads, List<SourceBlock> blocks) {
    long bytes = blocks.stream().mapToLong(each -> each.block().length()).sum();
    return context.pace().take(bytes).thenCompose(go -> reads.read(blocks));
  }

  /** All blocks of the run have been filtered: what the filters have to say of their sections. */
  Map<PartitionId, ExtensionFields> fields() {
    end();
    return fields;
  }

  private void end() {
    CompletableFuture<BatchFilter> ended = filter;
    if (ended != null) {
      filter = null;
      try (BatchFilter done = ended.join()) {
        fields.put(sections.get(current).partition(), done.fields());
      }
    }
  }

  /** Ends what a failed job has begun; after {@link #fields}, nothing. */
  @Override
  public void close() {
    CompletableFuture<BatchFilter> begun = filter;
    if (begun != null) {
      filter = null;
      begun.thenAccept(BatchFilter::close);
    }
  }
}
