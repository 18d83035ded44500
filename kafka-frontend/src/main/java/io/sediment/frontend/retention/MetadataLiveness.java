package io.sediment.frontend.retention;

import io.sediment.compactor.Liveness;
import io.sediment.compactor.RetentionClass;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What of a lane is still wanted, by the metadata: log starts, deletions, and how long each topic
 * is kept. The image that is asked is exported, so what it calls dead stays dead over any rebirth.
 */
public final class MetadataLiveness {
  /** What goes within this part of the time it is kept goes soon. */
  private static final int SOON_PART = 4;

  private final ClusterMetadata metadata;
  private final TopicConfigs configs;
  private final InstantSource clock;
  private final Duration producerExpiry;

  /**
   * @param producerExpiry how long a silent producer is remembered
   */
  public MetadataLiveness(
      ClusterMetadata metadata,
      TopicConfigs configs,
      InstantSource clock,
      Duration producerExpiry) {
    this.metadata = metadata;
    this.configs = configs;
    this.clock = clock;
    this.producerExpiry = producerExpiry;
  }

  public CompletableFuture<Liveness> of(LaneId lane) {
    MetadataImage image = metadata.image();
    Map<UUID, Integer> classes = new ConcurrentHashMap<>();
    Map<UUID, Long> soon = new ConcurrentHashMap<>();
    return CompletableFuture.completedFuture(
        new Liveness(
            LogStarts.of(image),
            LogStarts.deletedTopics(image, new io.sediment.metadata.LaneId(lane.value())),
            clock.millis() - producerExpiry.toMillis(),
            partition ->
                classes.computeIfAbsent(
                    partition.topicId(), topicId -> retentionClass(image, partition)),
            partition ->
                soon.computeIfAbsent(
                    partition.topicId(), topicId -> goesSoonBeforeMs(image, partition))));
  }

  private long goesSoonBeforeMs(MetadataImage image, PartitionId partition) {
    Topic topic = image.topic(partition.topicId());
    long retentionMs =
        topic == null
            ? RetentionLimits.NO_LIMIT
            : RetentionLimits.of(configs.of(image, topic)).retentionMs();
    return retentionMs == RetentionLimits.NO_LIMIT
        ? Long.MIN_VALUE
        : clock.millis() - retentionMs + retentionMs / SOON_PART;
  }

  private int retentionClass(MetadataImage image, PartitionId partition) {
    Topic topic = image.topic(partition.topicId());
    if (topic == null) {
      return RetentionClass.FOR_EVER;
    }
    Map<String, String> effective = configs.of(image, topic);
    return RetentionLimits.isCompacted(effective)
        ? RetentionClass.COMPACTED
        : RetentionClass.ofRetentionMs(RetentionLimits.of(effective).retentionMs());
  }
}
