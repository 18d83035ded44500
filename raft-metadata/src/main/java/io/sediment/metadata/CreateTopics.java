package io.sediment.metadata;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes topics, each or not by itself. Names and configs were judged by the proposer. */
public record CreateTopics(List<NewTopic> topics)
    implements MetadataCommand<List<CommandResult<CreatedTopic>>> {
  /** Keeps one request from filling the memory of every broker. */
  public static final int PARTITIONS_PER_TOPIC_MAX = 100_000;

  public CreateTopics {
    topics = List.copyOf(topics);
  }

  @Override
  public CommandOutcome<List<CommandResult<CreatedTopic>>> applyTo(MetadataImage image) {
    ImageEdit edit = image.edit();
    LaneChoice lanes = new LaneChoice(image);
    List<CommandResult<CreatedTopic>> results = new ArrayList<>();
    for (NewTopic topic : topics) {
      results.add(create(topic, edit, lanes));
    }
    return CommandOutcome.accepted(image, edit, List.copyOf(results));
  }

  private static CommandResult<CreatedTopic> create(
      NewTopic topic, ImageEdit edit, LaneChoice lanes) {
    MetadataImage soFar = edit.image();
    if (topic.name().isEmpty() || topic.replicationFactor() < 1) {
      return CommandResult.rejected(
          RejectionCode.INVALID_REQUEST,
          "topic " + topic.name() + ": replication factor " + topic.replicationFactor());
    }
    Topic known = soFar.topic(topic.name());
    if (known != null && known.id().equals(topic.id())) {
      // The same request once more, its answer was lost.
      return CommandResult.accepted(
          new CreatedTopic(
              known.id(), known.name(), known.partitionCount(), known.replicationFactor()));
    }
    if (known != null) {
      return CommandResult.rejected(
          RejectionCode.TOPIC_EXISTS, "topic " + topic.name() + " exists");
    }
    if (soFar.topic(topic.id()) != null || soFar.deletedTopics().containsKey(topic.id())) {
      return CommandResult.rejected(
          RejectionCode.TOPIC_EXISTS, "topic id " + topic.id() + " is in use");
    }
    if (topic.partitionCount() < 1 || topic.partitionCount() > PARTITIONS_PER_TOPIC_MAX) {
      return CommandResult.rejected(
          RejectionCode.INVALID_PARTITIONS,
          topic.name() + ": " + topic.partitionCount() + " partitions");
    }
    if (!topic.leaders().isEmpty() && topic.leaders().size() != topic.partitionCount()) {
      return CommandResult.rejected(
          RejectionCode.INVALID_ASSIGNMENT,
          topic.name() + ": leaders for " + topic.leaders().size() + " partitions");
    }
    if (lanes.isEmpty()) {
      return CommandResult.rejected(RejectionCode.NO_ACTIVE_LANE, "no lane is active");
    }
    List<Partition> partitions = new ArrayList<>(topic.partitionCount());
    for (int i = 0; i < topic.partitionCount(); i++) {
      Lane lane = chosen(topic, i, lanes);
      if (lane == null) {
        return CommandResult.rejected(
            RejectionCode.INVALID_ASSIGNMENT,
            topic.name() + "-" + i + ": broker " + topic.leaders().get(i) + " has no active lane");
      }
      partitions.add(LaneChoice.newPartition(lane));
    }
    edit.put(
        new Topic(
            topic.id(), topic.name(), topic.replicationFactor(), partitions, topic.configs()));
    return CommandResult.accepted(
        new CreatedTopic(
            topic.id(), topic.name(), topic.partitionCount(), topic.replicationFactor()));
  }

  private static @Nullable Lane chosen(NewTopic topic, int partition, LaneChoice lanes) {
    return topic.leaders().isEmpty()
        ? lanes.inTurn(topic.id(), partition)
        : lanes.ofBroker(topic.leaders().get(partition));
  }
}
