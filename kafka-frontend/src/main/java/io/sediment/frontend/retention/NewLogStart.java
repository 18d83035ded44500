package io.sediment.frontend.retention;

import io.sediment.frontend.partition.PartitionLog;
import io.sediment.lsm.scan.OldestBlocks;
import java.util.concurrent.CompletableFuture;

/**
 * Where a log would begin if everything went that its limits let go: block by block from the oldest
 * on, through all the lanes it lies in, to the first block that stays. Never beyond what is stored.
 */
final class NewLogStart {
  private NewLogStart() {}

  /**
   * @return the log start as it is where nothing may go; fails where a lane cannot be read
   */
  static CompletableFuture<Long> of(PartitionLog log, RetentionLimits limits, long nowMs) {
    return CompletableFuture.completedFuture(log) // so that a log that closes now fails, not throws
        .thenCompose(open -> byTime(open, open.logStartOffset(), limits, nowMs))
        .thenCompose(start -> bySize(log, start, limits));
  }

  private static CompletableFuture<Long> byTime(
      PartitionLog log, long start, RetentionLimits limits, long nowMs) {
    return limits.retentionMs() == RetentionLimits.NO_LIMIT
        ? CompletableFuture.completedFuture(start)
        : log.olderThan(start, nowMs - limits.retentionMs()).thenApply(OldestBlocks::nextOffset);
  }

  private static CompletableFuture<Long> bySize(
      PartitionLog log, long start, RetentionLimits limits) {
    long limit = limits.retentionBytes();
    if (limit == RetentionLimits.NO_LIMIT || log.sizeBytes() <= limit) {
      return CompletableFuture.completedFuture(start);
    }
    return log.bytesFrom(start)
        .thenCompose(
            bytes ->
                bytes <= limit
                    ? CompletableFuture.completedFuture(start)
                    : log.oldest(start, bytes - limit)
                        .thenCompose(
                            found -> ifEnoughStays(log, start, found.nextOffset(), limit)));
  }

  /**
   * Log compaction may have taken bytes away since they were counted; then it is for the next pass.
   */
  private static CompletableFuture<Long> ifEnoughStays(
      PartitionLog log, long start, long next, long limit) {
    return next == start
        ? CompletableFuture.completedFuture(start)
        : log.bytesFrom(next).thenApply(bytes -> bytes >= limit ? next : start);
  }
}
