package io.sediment.frontend.handler;

import io.sediment.frontend.partition.ReadableLog;
import java.util.Comparator;
import java.util.Objects;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.jspecify.annotations.Nullable;

/**
 * A partition that a client fetches: what it asked for last, and what it was told last, so that a
 * session's response can leave out what has not changed. Belongs to its session's current request.
 */
final class FetchPartition {
  /** By topic id from version 13 on, by name before; the other one is empty. */
  record Key(String topic, Uuid topicId, int partition) implements Comparable<Key> {
    private static final Comparator<Key> BY_TOPIC_AND_PARTITION =
        Comparator.comparing(Key::topicId)
            .thenComparing(Key::topic)
            .thenComparingInt(Key::partition);

    Key {
      Objects.requireNonNull(topic, "topic");
      Objects.requireNonNull(topicId, "topicId");
    }

    @Override
    public int compareTo(Key other) {
      return BY_TOPIC_AND_PARTITION.compare(this, other);
    }
  }

  private static final long NEVER_TOLD = -1;

  final Key key;
  long fetchOffset;
  int maxBytes;
  int leaderEpoch;
  int lastFetchedEpoch;
  long toldHighWatermark = NEVER_TOLD;
  long toldLogStart = NEVER_TOLD;
  @Nullable ReadableLog watched;

  FetchPartition(Key key, FetchRequestData.FetchPartition asked) {
    this.key = key;
    update(asked);
  }

  void update(FetchRequestData.FetchPartition asked) {
    fetchOffset = asked.fetchOffset();
    maxBytes = asked.partitionMaxBytes();
    leaderEpoch = asked.currentLeaderEpoch();
    lastFetchedEpoch = asked.lastFetchedEpoch();
  }

  /** Whether the next answer, without records, would tell the client anything new. */
  boolean hasNewsFor(long highWatermark, long logStart) {
    return toldHighWatermark != highWatermark || toldLogStart != logStart;
  }

  void told(long highWatermark, long logStart) {
    toldHighWatermark = highWatermark;
    toldLogStart = logStart;
  }
}
