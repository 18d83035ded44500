package io.sediment.frontend.handler;

import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Ticker;
import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Sends consumers from the leader to a replica in their rack (KIP-392), unless they have just come
 * back from there: then it did not serve them, and the leader does so for a while. Thread-safe.
 */
final class NearerReplicas {
  private static final Duration BACK_SOON = Duration.ofSeconds(10);
  private static final Duration STAYING = Duration.ofMinutes(1);
  private static final int REMEMBERED_MAX = 10_000;

  /** A consumer of a partition. */
  record Reader(InetAddress address, String clientId, FetchPartition.Key partition) {}

  private record Sent(long atNanos, boolean cameBack) {}

  private final ReplicaView replicas;
  private final Ticker ticker;
  private final Map<Reader, Sent> sent = // guarded by this
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Reader, Sent> eldest) {
          return size() > REMEMBERED_MAX;
        }
      };

  NearerReplicas(ReplicaView replicas, Ticker ticker) {
    this.replicas = replicas;
    this.ticker = ticker;
  }

  /** Where {@code reader} shall go; empty where it is best served here. */
  OptionalInt of(Reader reader, MetadataImage image, Topic topic, String rack) {
    OptionalInt nearer =
        replicas.nearerThanLeader(image, topic, reader.partition().partition(), rack);
    return nearer.isPresent() && maySend(reader) ? nearer : OptionalInt.empty();
  }

  private synchronized boolean maySend(Reader reader) {
    long now = ticker.nanoTime();
    Sent before = sent.get(reader);
    long ago = before == null ? Long.MAX_VALUE : now - before.atNanos();
    if (before != null && before.cameBack() && ago < STAYING.toNanos()) {
      return false;
    }
    boolean isBack = before != null && !before.cameBack() && ago < BACK_SOON.toNanos();
    sent.put(reader, new Sent(now, isBack));
    return !isBack;
  }
}
