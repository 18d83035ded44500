package io.sediment.frontend.handler;

import io.sediment.metadata.AllocateProducerIds;
import io.sediment.metadata.AllocateProducerIds.Block;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.errors.CoordinatorLoadInProgressException;
import org.jspecify.annotations.Nullable;

/**
 * Hands out producer ids that nobody else has, a block of the cluster's at a time. What is left of
 * a block when the process ends is lost, which costs nothing. Thread-safe.
 */
final class ProducerIds {
  private static final int BLOCK_SIZE = 1_000;

  private final ClusterMetadata metadata;
  private final int brokerId;
  private final long brokerEpoch;
  private final Queue<CompletableFuture<Long>> waiting = new ArrayDeque<>(); // guarded by this
  private long next; // guarded by this
  private long end; // guarded by this
  private boolean allocating; // guarded by this

  ProducerIds(ClusterMetadata metadata, int brokerId, long brokerEpoch) {
    this.metadata = metadata;
    this.brokerId = brokerId;
    this.brokerEpoch = brokerEpoch;
  }

  /**
   * Fails with Kafka's CoordinatorLoadInProgressException, which clients retry, without a block.
   */
  CompletableFuture<Long> draw() {
    CompletableFuture<Long> drawn = new CompletableFuture<>();
    synchronized (this) {
      if (next < end) {
        return CompletableFuture.completedFuture(next++);
      }
      waiting.add(drawn);
      if (allocating) {
        return drawn;
      }
      allocating = true;
    }
    allocate();
    return drawn;
  }

  private void allocate() {
    metadata
        .submit(new AllocateProducerIds(brokerId, brokerEpoch, BLOCK_SIZE))
        .whenComplete(this::allocated);
  }

  private void allocated(@Nullable CommandResult<Block> result, @Nullable Throwable failure) {
    Queue<CompletableFuture<Long>> served = new ArrayDeque<>();
    long first;
    boolean more;
    boolean granted = result instanceof CommandResult.Accepted;
    synchronized (this) {
      if (result instanceof CommandResult.Accepted<Block> accepted) {
        next = accepted.value().first();
        end = next + accepted.value().count();
      }
      first = next;
      while (!waiting.isEmpty() && (!granted || next < end)) {
        served.add(waiting.remove());
        next += granted ? 1 : 0;
      }
      more = !waiting.isEmpty();
      allocating = more;
    }
    for (CompletableFuture<Long> one : served) {
      if (granted) {
        one.complete(first++);
      } else {
        one.completeExceptionally(
            new CoordinatorLoadInProgressException(
                "no block of producer ids: " + (failure == null ? result : failure.getMessage())));
      }
    }
    if (more) {
      allocate();
    }
  }
}
