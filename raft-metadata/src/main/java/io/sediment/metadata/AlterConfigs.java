package io.sediment.metadata;

import io.sediment.metadata.CommandResult.Done;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/** Sets and deletes configs, each resource or not by itself. Values were judged by the proposer. */
public record AlterConfigs(List<Change> changes)
    implements MetadataCommand<List<CommandResult<Done>>> {
  /**
   * @param replaceAll whether keys that are not named go (Kafka's older AlterConfigs)
   */
  public record Change(ConfigResource resource, boolean replaceAll, List<Op> ops) {
    public Change {
      ops = List.copyOf(ops);
    }
  }

  /** Sets {@code key}, or deletes it where {@code value} is null. */
  public record Op(String key, @Nullable String value) {}

  public AlterConfigs {
    changes = List.copyOf(changes);
  }

  @Override
  public CommandOutcome<List<CommandResult<Done>>> applyTo(MetadataImage image) {
    ImageEdit edit = image.edit();
    List<CommandResult<Done>> results = new ArrayList<>();
    for (Change change : changes) {
      results.add(alter(change, edit));
    }
    return CommandOutcome.accepted(image, edit, List.copyOf(results));
  }

  private static CommandResult<Done> alter(Change change, ImageEdit edit) {
    ConfigResource resource = change.resource();
    MetadataImage soFar = edit.image();
    Topic topic =
        resource.type() == ConfigResource.Type.TOPIC ? soFar.topic(resource.name()) : null;
    if (resource.type() == ConfigResource.Type.TOPIC && topic == null) {
      return CommandResult.rejected(RejectionCode.UNKNOWN_TOPIC, "topic " + resource.name());
    }
    Map<String, String> before = soFar.configs(resource);
    TreePMap<String, String> next =
        change.replaceAll() ? TreePMap.empty() : ImageEdit.sortedCopy(before);
    for (Op op : change.ops()) {
      String value = op.value();
      next = value == null ? next.minus(op.key()) : next.plus(op.key(), value);
    }
    if (next.equals(before)) {
      return CommandResult.accepted(Done.DONE);
    }
    if (topic != null) {
      edit.put(topic.withConfigs(next));
    } else {
      edit.configs(resource, next);
    }
    return CommandResult.accepted(Done.DONE);
  }
}
