package io.sediment.metadata;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.UUID;

/** Deletes topics, each or not by itself; answers their names. Their bytes go later. */
public record DeleteTopics(List<UUID> topicIds)
    implements MetadataCommand<List<CommandResult<String>>> {
  public DeleteTopics {
    topicIds = List.copyOf(topicIds);
  }

  @Override
  public CommandOutcome<List<CommandResult<String>>> applyTo(MetadataImage image) {
    ImageEdit edit = image.edit();
    List<CommandResult<String>> results = new ArrayList<>();
    for (UUID id : topicIds) {
      Topic topic = edit.image().topic(id);
      if (topic == null) {
        results.add(CommandResult.rejected(RejectionCode.UNKNOWN_TOPIC, "topic id " + id));
        continue;
      }
      TreeSet<LaneId> lanes = new TreeSet<>();
      for (Partition partition : topic.partitions()) {
        partition.placements().forEach(placement -> lanes.add(placement.lane()));
      }
      for (int i = 0; i < topic.partitionCount(); i++) {
        PartitionId partition = new PartitionId(id, i);
        if (image.preferredLeader(partition) != null) {
          edit.preferredLeader(partition, null);
        }
      }
      edit.remove(topic).put(new DeletedTopic(id, topic.name(), topic.partitionCount(), lanes));
      results.add(CommandResult.accepted(topic.name()));
    }
    return CommandOutcome.accepted(image, edit, List.copyOf(results));
  }
}
