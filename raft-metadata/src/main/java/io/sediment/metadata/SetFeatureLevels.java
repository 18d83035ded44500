package io.sediment.metadata;

import io.sediment.metadata.CommandResult.Done;
import java.util.Map;

/** Finalizes feature levels; level 0 removes a feature. The proposer knows what is served. */
public record SetFeatureLevels(Map<String, Integer> levels) implements MetadataCommand<Done> {
  public SetFeatureLevels {
    levels = ImageEdit.sortedCopy(levels);
  }

  @Override
  public CommandOutcome<Done> applyTo(MetadataImage image) {
    ImageEdit edit = image.edit();
    for (Map.Entry<String, Integer> entry : levels.entrySet()) {
      if (entry.getValue() < 0 || entry.getValue() > Short.MAX_VALUE) {
        return CommandOutcome.rejected(
            image,
            RejectionCode.INVALID_REQUEST,
            "feature " + entry.getKey() + ": level " + entry.getValue());
      }
      if (image.features().getOrDefault(entry.getKey(), 0).intValue() != entry.getValue()) {
        edit.feature(entry.getKey(), entry.getValue());
      }
    }
    return CommandOutcome.accepted(image, edit, Done.DONE);
  }
}
