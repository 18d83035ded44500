package io.sediment.frontend.retention;

import io.sediment.lsm.PartitionId;
import io.sediment.metadata.DeletedTopic;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;

/** What an image lets go. */
final class LogStarts {
  private LogStarts() {}

  /** Of all partitions that do not begin at 0. */
  static Map<PartitionId, Long> of(MetadataImage image) {
    Map<PartitionId, Long> logStarts = new HashMap<>();
    for (Topic topic : image.topics()) {
      for (int i = 0; i < topic.partitionCount(); i++) {
        long start = topic.partitions().get(i).logStartOffset();
        if (start > 0) {
          logStarts.put(new PartitionId(topic.id(), i), start);
        }
      }
    }
    return logStarts;
  }

  /** Those that the lane may still hold something of. */
  static Set<UUID> deletedTopics(MetadataImage image, LaneId lane) {
    Set<UUID> deleted = new TreeSet<>();
    for (DeletedTopic topic : image.deletedTopics().values()) {
      if (topic.lanes().contains(lane)) {
        deleted.add(topic.id());
      }
    }
    return deleted;
  }
}
