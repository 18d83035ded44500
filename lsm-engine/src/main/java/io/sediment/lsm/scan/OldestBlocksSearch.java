package io.sediment.lsm.scan;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.scan.SectionFinder.Beyond;
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
   * timestamp}, or without any. What may lie in an object whose index is damaged has the newest of
   * that object's timestamps, which the manifest knows.
   *
   * @param bound all below it is in the objects
   */
  public CompletableFuture<OldestBlocks> olderThan(
      List<ObjectRef> objects, PartitionId partition, long from, long bound, long timestamp) {
    return search(
        objects,
        partition,
        from,
        bound,
        new Test() {
          @Override
          public boolean passes(ObjectIndex index, int block, long bytes) {
            // The running maximum of a section: all blocks up to this one are older.
            return isOlder(index.maxTimestamp(block));
          }

          @Override
          public boolean passesUnseen(ObjectRef damaged) {
            return isOlder(damaged.maxTimestamp());
          }

          private boolean isOlder(long newest) {
            return newest >= 0 && newest < timestamp;
          }
        });
  }

  /**
   * As many blocks of {@code [from, bound)} as have {@code bytesMax} together. What may lie in an
   * object whose index is damaged counts for nothing, so that more than asked for stays, not less.
   *
   * @param bound all below it is in the objects
   */
  public CompletableFuture<OldestBlocks> oldest(
      List<ObjectRef> objects, PartitionId partition, long from, long bound, long bytesMax) {
    return search(
        objects,
        partition,
        from,
        bound,
        new Test() {
          @Override
          public boolean passes(ObjectIndex index, int block, long bytes) {
            return bytes <= bytesMax;
          }

          @Override
          public boolean passesUnseen(ObjectRef damaged) {
            return true;
          }
        });
  }

  private CompletableFuture<OldestBlocks> search(
      List<ObjectRef> objects, PartitionId partition, long from, long bound, Test test) {
    Walk walk = new Walk(objects, partition, from, bound, test);
    return walk.on(finder.locate(objects, partition, from));
  }

  private interface Test {
    /**
     * @param bytes of all blocks up to and with this one
     */
    boolean passes(ObjectIndex index, int block, long bytes);

    /** Whether all that may lie in an object does whose index is damaged. */
    boolean passesUnseen(ObjectRef damaged);
  }

  private final class Walk {
    private final List<ObjectRef> objects;
    private final PartitionId partition;
    private final long bound;
    private final Test test;
    private long reached;
    private long bytes;

    Walk(List<ObjectRef> objects, PartitionId partition, long from, long bound, Test test) {
      this.objects = objects;
      this.partition = partition;
      this.reached = from;
      this.bound = bound;
      this.test = test;
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
        reached = Math.max(reached, Math.min(bound, found.nextOffset()));
        if (found.nextOffset() >= bound) {
          return done(true);
        }
        CompletableFuture<@Nullable Found> next = finder.after(objects, partition, found);
        if (!next.isDone() || next.isCompletedExceptionally()) {
          return on(next);
        }
        found = next.join();
      }
      return done(true);
    }

    CompletableFuture<OldestBlocks> on(CompletableFuture<@Nullable Found> next) {
      return next.handle(
              (found, failure) ->
                  failure == null
                      ? on(found)
                      : SectionFinder.damageIn(failure) == null
                          ? CompletableFuture.<OldestBlocks>failedFuture(failure)
                          : finder
                              .beyondDamage(objects, partition, reached)
                              .thenCompose(this::leap))
          .thenCompose(either -> either);
    }

    private CompletableFuture<OldestBlocks> leap(Beyond beyond) {
      if (!beyond.damaged().stream().allMatch(test::passesUnseen)) {
        return done(false);
      }
      Found found = beyond.found();
      if (found != null) {
        reached = Math.min(bound, Math.max(reached, found.baseOffset()));
      } else if (!beyond.damaged().isEmpty()) {
        reached = bound;
      }
      return on(found);
    }

    private CompletableFuture<OldestBlocks> done(boolean isAll) {
      return CompletableFuture.completedFuture(new OldestBlocks(reached, bytes, isAll));
    }
  }
}
