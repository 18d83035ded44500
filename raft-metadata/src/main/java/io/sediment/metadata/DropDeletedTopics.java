package io.sediment.metadata;

import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;

/**
 * A lane holds nothing more of these deleted topics. A topic is forgotten with its last lane;
 * answers how many were.
 */
public record DropDeletedTopics(LaneId lane, List<UUID> topicIds)
    implements MetadataCommand<Integer> {
  public DropDeletedTopics {
    topicIds = List.copyOf(topicIds);
  }

  @Override
  public CommandOutcome<Integer> applyTo(MetadataImage image) {
    ImageEdit edit = image.edit();
    int forgotten = 0;
    for (UUID id : topicIds) {
      DeletedTopic topic = edit.image().deletedTopics().get(id);
      if (topic == null || !topic.lanes().contains(lane)) {
        continue;
      }
      SortedSet<LaneId> left = new TreeSet<>(topic.lanes());
      left.remove(lane);
      if (left.isEmpty()) {
        edit.remove(topic);
        forgotten++;
      } else {
        edit.put(new DeletedTopic(id, topic.name(), topic.partitionCount(), left));
      }
    }
    return CommandOutcome.accepted(image, edit, forgotten);
  }
}
