package io.sediment.frontend.group;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The features that stand for the newer group protocols. They are finalized for the whole cluster
 * when a broker that serves them starts; until they are, their APIs are refused, as in Kafka.
 */
final class GroupFeatures {
  private static final Logger log = LoggerFactory.getLogger(GroupFeatures.class);
  private static final Duration PAUSE = Duration.ofSeconds(1);

  /** Of {@code group.protocol=consumer} (KIP-848). */
  static final String CONSUMER_PROTOCOL = "group.version";

  /** Of {@code group.protocol=streams} (KIP-1071). */
  static final String STREAMS_PROTOCOL = "streams.version";

  private static final Map<String, Integer> SERVED =
      Map.of(CONSUMER_PROTOCOL, 1, STREAMS_PROTOCOL, 1);

  private final ClusterMetadata metadata;
  private final Scheduler scheduler;
  private volatile boolean closed;

  GroupFeatures(ClusterMetadata metadata, Scheduler scheduler) {
    this.metadata = metadata;
    this.scheduler = scheduler;
  }

  /** Never lowers a level that somebody else finalized. Tries until it has an answer. */
  void finalizeServed() {
    Map<String, Integer> missing = missing(metadata.image());
    if (missing.isEmpty() || closed) {
      return;
    }
    metadata
        .submit(new SetFeatureLevels(missing))
        .thenApply(CommandResult::valueOrThrow)
        .whenComplete(
            (done, failure) -> {
              if (failure != null && !closed) {
                log.warn("cannot finalize features, trying again: {}", failure.toString());
                scheduler.schedule(this::finalizeServed, PAUSE);
              }
            });
  }

  private static Map<String, Integer> missing(MetadataImage image) {
    Map<String, Integer> missing = new TreeMap<>(SERVED);
    missing.entrySet().removeIf(served -> level(served.getKey(), image) >= served.getValue());
    return missing;
  }

  private static int level(String feature, MetadataImage image) {
    return image.features().getOrDefault(feature, 0);
  }

  /**
   * @throws UnsupportedVersionException while {@code feature} is not finalized
   */
  void require(String feature) {
    if (level(feature, metadata.image()) < 1) {
      throw new UnsupportedVersionException("The feature " + feature + " is not finalized.");
    }
  }

  void close() {
    closed = true;
  }
}
