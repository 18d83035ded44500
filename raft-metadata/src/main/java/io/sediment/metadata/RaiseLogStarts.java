package io.sediment.metadata;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/**
 * Records below these offsets are gone for every reader (retention, DeleteRecords). A log start
 * never goes back and an unknown partition is passed over; answers how many partitions were raised.
 * The proposer knows that no offset lies beyond the end of its log.
 */
public record RaiseLogStarts(Map<PartitionId, Long> logStartOffsets)
    implements MetadataCommand<Integer> {
  public RaiseLogStarts {
    logStartOffsets = ImageEdit.sortedCopy(logStartOffsets);
  }

  @Override
  public CommandOutcome<Integer> applyTo(MetadataImage image) {
    Map<UUID, Partition[]> changed = new TreeMap<>();
    int raised = 0;
    for (Map.Entry<PartitionId, Long> entry : logStartOffsets.entrySet()) {
      PartitionId id = entry.getKey();
      Topic topic = image.topic(id.topicId());
      Partition partition = topic == null ? null : topic.partition(id.partition());
      if (topic == null || partition == null || entry.getValue() <= partition.logStartOffset()) {
        continue;
      }
      changed
              .computeIfAbsent(id.topicId(), any -> topic.partitions().toArray(Partition[]::new))[
              id.partition()] =
          partition.withLogStartOffset(entry.getValue());
      raised++;
    }
    ImageEdit edit = image.edit();
    changed.forEach(
        (id, partitions) -> {
          Topic topic = image.topic(id);
          if (topic != null) {
            edit.put(topic.withPartitions(List.of(partitions)));
          }
        });
    return CommandOutcome.accepted(image, edit, raised);
  }
}
