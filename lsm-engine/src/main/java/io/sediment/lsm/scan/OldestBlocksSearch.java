package io.sediment.lsm.scan;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.scan.SectionFinder.Found;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Goes along the stored blocks of a partition from the oldest on, to where one has to stay. Looks
 * at indexes only, and never at what is not flushed.
 */
public final class OldestBlocksSearch {
  private final SectionFinder finder;

  public OldestBlocksSearch(IndexCache indexes, Executor executor) {
    this.finder = new SectionFinder(indexes, executor);
  }

  /**
   * The blocks of {@code [from, bound)} up to the first one with a timestamp at or above {@code
   * timestamp}, or without any, or that may lie in an object whose index is damaged.
   */
  public CompletableFuture<OldestBlocks> olderThan(
      List<ObjectRef> objects, PartitionId partition, long from, long bound, long timestamp) {
    return search(
        objects,
        partition,
        from,
        bound,
        (index, block, bytes) -> {
          // The running maximum of a section: all blocks up to this one are older.
          long newest = index.maxTimestamp(block);
          return newest >= 0 && newest < timestamp;
        },
        true);
  }

  /** As many blocks of {@code [from, bound)} as have {@code bytesMax} together. */
  public CompletableFuture<OldestBlocks> oldest(
      List<ObjectRef> objects, PartitionId partition, long from, long bound, long bytesMax) {
    return search(
        objects, partition, from, bound, (index, block, bytes) -> bytes <= bytesMax, false);
  }

  private CompletableFuture<OldestBlocks> search(
      List<ObjectRef> objects,
      PartitionId partition,
      long from,
      long bound,
      Test test,
      boolean endsAtDamage) {
    Walk walk = new Walk(objects, partition, from, bound, test, endsAtDamage);
    return finder.locate(objects, partition, from).thenCompose(walk::on);
  }

  private interface Test {
    /**
     * @param bytes of all blocks up to and with this one
     */
    boolean passes(ObjectIndex index, int block, long bytes);
  }

  private final class Walk {
    private final List<ObjectRef> objects;
    private final PartitionId partition;
    private final long bound;
    private final Test test;
    private final boolean endsAtDamage;
    private long reached;
    private long bytes;

    Walk(
        List<ObjectRef> objects,
        PartitionId partition,
        long from,
        long bound,
        Test test,
        boolean endsAtDamage) {
      this.objects = objects;
      this.partition = partition;
      this.reached = from;
      this.bound = bound;
      this.test = test;
      this.endsAtDamage = endsAtDamage;
    }

    CompletableFuture<OldestBlocks> on(@Nullable Found first) {
      Found found = first;
      while (found != null) {
        ObjectIndex index = found.index();
        int end = index.endBlock(found.section());
        for (int block = index.blockOf(found.section(), reached); block < end; block++) {
          if (index.baseOffset(block) >= bound) {
            return done(true);
          }
          long more = bytes + index.length(block);
          if (!test.passes(index, block, more)) {
            return done(false);
          }
          bytes = more;
          reached = Math.min(bound, index.nextOffset(block));
        }
        if (found.nextOffset() >= bound) {
          return done(true);
        }
        CompletableFuture<@Nullable Found> next = finder.after(objects, partition, found);
        if (!next.isDone() || next.isCompletedExceptionally()) {
          return next.handle(
                  (more, failure) ->
                      failure == null
                          ? on(more)
                          : endsAtDamage && SectionFinder.damageIn(failure) != null
                              ? done(false)
                              : CompletableFuture.<OldestBlocks>failedFuture(failure))
              .thenCompose(either -> either);
        }
        found = next.join();
      }
      return done(true);
    }

    private CompletableFuture<OldestBlocks> done(boolean isAll) {
      return CompletableFuture.completedFuture(new OldestBlocks(reached, bytes, isAll));
    }
  }
}
