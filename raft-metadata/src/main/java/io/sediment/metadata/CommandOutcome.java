package io.sediment.metadata;

import java.util.Set;

/**
 * What a command did.
 *
 * @param image the next image; the very same object where nothing changed
 * @param changedRows rows that differ between the images, those removed included
 */
public record CommandOutcome<R>(
    MetadataImage image, Set<RowKey> changedRows, CommandResult<R> result) {
  static <R> CommandOutcome<R> accepted(MetadataImage before, ImageEdit edit, R value) {
    return edit.changedRows().isEmpty()
        ? unchanged(before, value)
        : new CommandOutcome<>(edit.image(), edit.changedRows(), CommandResult.accepted(value));
  }

  static <R> CommandOutcome<R> unchanged(MetadataImage image, R value) {
    return new CommandOutcome<>(image, Set.of(), CommandResult.accepted(value));
  }

  static <R> CommandOutcome<R> rejected(MetadataImage image, RejectionCode code, String message) {
    return new CommandOutcome<>(image, Set.of(), CommandResult.rejected(code, message));
  }
}
