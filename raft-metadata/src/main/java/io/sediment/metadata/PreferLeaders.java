package io.sediment.metadata;

import io.sediment.metadata.CommandResult.Done;
import java.util.ArrayList;
import java.util.List;

/**
 * An operator says who shall lead partitions, each or not by itself. Nobody is moved by this: who
 * leads a partition hands it over, see {@link MovePartitions}.
 */
public record PreferLeaders(List<Choice> choices)
    implements MetadataCommand<List<CommandResult<Done>>> {
  /** Instead of a broker: whoever leads shall go on, and nobody is preferred any more. */
  public static final int NOBODY = -1;

  /**
   * @param broker one that takes partitions, or {@link #NOBODY}
   */
  public record Choice(PartitionId partition, int broker) {}

  public PreferLeaders {
    choices = List.copyOf(choices);
  }

  @Override
  public CommandOutcome<List<CommandResult<Done>>> applyTo(MetadataImage image) {
    ImageEdit edit = image.edit();
    LaneChoice active = new LaneChoice(image);
    List<CommandResult<Done>> results = new ArrayList<>();
    for (Choice choice : choices) {
      results.add(prefer(choice, image, active, edit));
    }
    return CommandOutcome.accepted(image, edit, List.copyOf(results));
  }

  private static CommandResult<Done> prefer(
      Choice choice, MetadataImage image, LaneChoice active, ImageEdit edit) {
    PartitionId id = choice.partition();
    Partition partition = image.partition(id);
    if (partition == null) {
      return CommandResult.rejected(RejectionCode.UNKNOWN_TOPIC, "partition " + id);
    }
    PreferredLeader known = image.preferredLeader(id);
    if (choice.broker() == NOBODY) {
      if (!image.isMoving(id)) {
        return CommandResult.rejected(
            RejectionCode.NO_MOVE_IN_PROGRESS, "partition " + id + " is not being moved");
      }
      edit.preferredLeader(id, null);
      return CommandResult.accepted(Done.DONE);
    }
    if (active.ofBroker(choice.broker()) == null) {
      return CommandResult.rejected(
          RejectionCode.INVALID_ASSIGNMENT, "broker " + choice.broker() + " has no active lane");
    }
    boolean leads = image.leaderOf(partition) == choice.broker();
    PreferredLeader next = new PreferredLeader(choice.broker(), !leads);
    if (!next.equals(known)) {
      edit.preferredLeader(id, next);
    }
    return CommandResult.accepted(Done.DONE);
  }
}
