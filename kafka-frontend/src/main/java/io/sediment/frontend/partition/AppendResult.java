package io.sediment.frontend.partition;

import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.protocol.Errors;

/** What became of a batch that was offered to a partition. */
public sealed interface AppendResult {
  /**
   * In the log at {@code baseOffset}; answer the client when {@code durable} completes. It fails
   * with Kafka's NotLeaderOrFollowerException when the lane stopped before the batch was durable.
   * The same future may serve several offers: a repeated batch joins the wait for the first one.
   */
  record Appended(long baseOffset, CompletableFuture<Void> durable) implements AppendResult {}

  /**
   * Not in the log.
   *
   * @param isHandover because the partition is being handed over, so that it is worth waiting: once
   *     the log has closed its client can be told where to go, or the log is appended to again
   */
  record Refused(Errors error, String message, boolean isHandover) implements AppendResult {
    public Refused(Errors error, String message) {
      this(error, message, false);
    }
  }

  /** Not in the log: the lane's memory is full. Offering it again later may help. */
  record Busy() implements AppendResult {
    static final Busy BUSY = new Busy();
  }
}
