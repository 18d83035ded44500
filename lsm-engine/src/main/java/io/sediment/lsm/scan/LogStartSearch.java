package io.sediment.lsm.scan;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.scan.SectionFinder.Found;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Finds where a log would begin if everything went that retention lets go, at the granularity of
 * blocks. Looks at indexes only, and never beyond what is flushed.
 */
public final class LogStartSearch {
  private final SectionFinder finder;

  public LogStartSearch(IndexCache indexes, Executor executor) {
    this.finder = new SectionFinder(indexes, executor);
  }

  /** First offset at or above {@code logStart} that is not in blocks wholly older. */
  public CompletableFuture<Long> byTime(
      List<ObjectRef> objects, PartitionId partition, long logStart, long expiredBeforeMs) {
    Walk walk =
        new Walk(
            objects,
            partition,
            logStart,
            // The running maximum of a section: all blocks up to this one are older.
            (index, block) -> index.maxTimestamp(block) < expiredBeforeMs);
    return finder.locate(objects, partition, logStart).thenCompose(walk::from);
  }

  /**
   * First offset at or above {@code logStart} so that what remains from there on still has {@code
   * retentionBytes}.
   *
   * @param unflushedBytes of the partition, which count as well
   */
  public CompletableFuture<Long> bySize(
      List<ObjectRef> objects,
      PartitionId partition,
      long logStart,
      long retentionBytes,
      long unflushedBytes) {
    long[] bytes = {unflushedBytes};
    Walk measure =
        new Walk(
            objects,
            partition,
            logStart,
            (index, block) -> {
              bytes[0] += index.length(block);
              return true;
            });
    return finder
        .locate(objects, partition, logStart)
        .thenCompose(
            first ->
                measure
                    .from(first)
                    .thenCompose(
                        end -> {
                          Walk drop =
                              new Walk(
                                  objects,
                                  partition,
                                  logStart,
                                  (index, block) -> {
                                    bytes[0] -= index.length(block);
                                    return bytes[0] >= retentionBytes;
                                  });
                          return drop.from(first);
                        }));
  }

  /** Goes forward while blocks pass a test; ends at the first offset behind those that did. */
  private final class Walk {
    private final List<ObjectRef> objects;
    private final PartitionId partition;
    private final BiPredicate<ObjectIndex, Integer> goesOn;
    private long reached;

    Walk(
        List<ObjectRef> objects,
        PartitionId partition,
        long logStart,
        BiPredicate<ObjectIndex, Integer> goesOn) {
      this.objects = objects;
      this.partition = partition;
      this.reached = logStart;
      this.goesOn = goesOn;
    }

    CompletableFuture<Long> from(@Nullable Found first) {
      Found found = first;
      while (found != null) {
        ObjectIndex index = found.index();
        int end = index.endBlock(found.section());
        for (int block = index.blockOf(found.section(), reached); block < end; block++) {
          if (!goesOn.test(index, block)) {
            return CompletableFuture.completedFuture(reached);
          }
          reached = index.nextOffset(block);
        }
        CompletableFuture<@Nullable Found> next =
            finder.next(objects, partition, found.ordinal() + 1, objects.size());
        if (!next.isDone() || next.isCompletedExceptionally()) {
          return next.thenCompose(this::from);
        }
        found = next.join();
      }
      return CompletableFuture.completedFuture(reached);
    }
  }
}
