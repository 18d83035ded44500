package io.sediment.frontend.retention;

import io.sediment.compactor.keys.CleaningSettings;
import io.sediment.compactor.keys.CompactedTopics;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import io.sediment.metadata.Topic;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Which topics are compacted, by the newest exported metadata. Thread-safe. */
public final class MetadataCompactedTopics implements CompactedTopics {
  /** What an image says. */
  private record Seen(MetadataImage image, Map<UUID, CleaningSettings> compacted) {}

  private final ClusterMetadata metadata;
  private final TopicConfigs configs;
  private volatile Seen seen;

  public MetadataCompactedTopics(ClusterMetadata metadata, TopicConfigs configs) {
    this.metadata = metadata;
    this.configs = configs;
    this.seen = look(metadata.image());
  }

  @Override
  public Set<UUID> ids() {
    return compacted().keySet();
  }

  @Override
  public CleaningSettings settings(UUID topicId) {
    return compacted().getOrDefault(topicId, CleaningSettings.DEFAULTS);
  }

  @Override
  public LogHead head(PartitionId partition) {
    Partition known = metadata.image().partition(partition.topicId(), partition.partition());
    if (known == null) {
      return new LogHead(0, 0, 0);
    }
    long start = known.logStartOffset();
    Placement first = known.placementOf(start);
    long end = Long.MAX_VALUE;
    for (Placement placement : known.placements()) {
      if (placement.startOffset() > start && !placement.lane().equals(first.lane())) {
        end = placement.startOffset();
        break;
      }
    }
    return new LogHead(start, end, known.leaderEpoch());
  }

  private Map<UUID, CleaningSettings> compacted() {
    MetadataImage image = metadata.image();
    Seen known = seen;
    if (known.image() != image) {
      known = look(image);
      seen = known;
    }
    return known.compacted();
  }

  private Seen look(MetadataImage image) {
    Map<UUID, CleaningSettings> compacted = new HashMap<>();
    for (Topic topic : image.topics()) {
      CleaningSettings settings = CleaningSettings.of(configs.of(image, topic));
      if (settings.compacts()) {
        compacted.put(topic.id(), settings);
      }
    }
    return new Seen(image, Map.copyOf(compacted));
  }
}
