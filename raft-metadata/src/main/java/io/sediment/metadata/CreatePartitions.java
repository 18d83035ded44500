package io.sediment.metadata;

import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Raises the partition counts of topics, each or not by itself; answers the new counts. */
public record CreatePartitions(List<Growth> topics)
    implements MetadataCommand<List<CommandResult<Integer>>> {
  /**
   * @param partitionCount after the change
   * @param leaders one broker for each new partition, or empty
   */
  public record Growth(UUID topicId, int partitionCount, List<Integer> leaders) {
    public Growth {
      leaders = List.copyOf(leaders);
    }
  }

  public CreatePartitions {
    topics = List.copyOf(topics);
  }

  @Override
  public CommandOutcome<List<CommandResult<Integer>>> applyTo(MetadataImage image) {
    ImageEdit edit = image.edit();
    LaneChoice lanes = new LaneChoice(image);
    List<CommandResult<Integer>> results = new ArrayList<>();
    for (Growth growth : topics) {
      results.add(grow(growth, edit, lanes));
    }
    return CommandOutcome.accepted(image, edit, List.copyOf(results));
  }

  private static CommandResult<Integer> grow(Growth growth, ImageEdit edit, LaneChoice lanes) {
    Topic topic = edit.image().topic(growth.topicId());
    if (topic == null) {
      return CommandResult.rejected(RejectionCode.UNKNOWN_TOPIC, "topic id " + growth.topicId());
    }
    int before = topic.partitionCount();
    int after = growth.partitionCount();
    if (after <= before || after > CreateTopics.PARTITIONS_PER_TOPIC_MAX) {
      return CommandResult.rejected(
          RejectionCode.INVALID_PARTITIONS,
          topic.name() + ": asked for " + after + " partitions, has " + before);
    }
    if (!growth.leaders().isEmpty() && growth.leaders().size() != after - before) {
      return CommandResult.rejected(
          RejectionCode.INVALID_ASSIGNMENT,
          topic.name() + ": leaders for " + growth.leaders().size() + " partitions");
    }
    if (lanes.isEmpty()) {
      return CommandResult.rejected(RejectionCode.NO_ACTIVE_LANE, "no lane is active");
    }
    List<Partition> partitions = new ArrayList<>(topic.partitions());
    for (int i = before; i < after; i++) {
      Lane lane = chosen(growth, i, before, lanes);
      if (lane == null) {
        return CommandResult.rejected(
            RejectionCode.INVALID_ASSIGNMENT,
            topic.name()
                + "-"
                + i
                + ": broker "
                + growth.leaders().get(i - before)
                + " has no active lane");
      }
      partitions.add(LaneChoice.newPartition(lane));
    }
    edit.put(topic.withPartitions(partitions));
    return CommandResult.accepted(after);
  }

  private static @Nullable Lane chosen(Growth growth, int partition, int before, LaneChoice lanes) {
    return growth.leaders().isEmpty()
        ? lanes.inTurn(growth.topicId(), partition)
        : lanes.ofBroker(growth.leaders().get(partition - before));
  }
}
