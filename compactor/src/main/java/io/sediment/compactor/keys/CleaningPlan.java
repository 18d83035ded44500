package io.sediment.compactor.keys;

/**
 * A pass that is worth it now.
 *
 * @param firstDirty below it, all was cleaned before
 * @param ceiling what is at or above it stays as it is
 */
public record CleaningPlan(long firstDirty, long ceiling) {
  public CleaningPlan {
    if (firstDirty < 0 || ceiling <= firstDirty) {
      throw new IllegalArgumentException(
          "cleaning plan: firstDirty=" + firstDirty + " ceiling=" + ceiling);
    }
  }
}
