package io.sediment.frontend.partition;

import io.sediment.metadata.Broker;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;

/** A partition asked for by a client: the log that serves it, or why there is none here. */
public sealed interface LookUp {
  /** This broker leads it. */
  record Found(PartitionLog log) implements LookUp {}

  /**
   * @param leader who leads it instead, for the client to move at once (KIP-951); null where nobody
   *     does or that is not the trouble
   * @param leaderEpoch of {@code leader}, -1 without
   */
  record Missing(Errors error, @Nullable Broker leader, int leaderEpoch) implements LookUp {
    public static Missing of(Errors error) {
      return new Missing(error, null, -1);
    }
  }
}
