package io.sediment.lsm.gc;

/**
 * What one pass did.
 *
 * @param listed objects looked at
 * @param deleted objects deleted, those that were gone already included
 */
public record GarbageResult(long listed, long deleted, long deletedBytes) {
  static final GarbageResult NOTHING = new GarbageResult(0, 0, 0);

  GarbageResult plus(GarbageResult other) {
    return new GarbageResult(
        listed + other.listed, deleted + other.deleted, deletedBytes + other.deletedBytes);
  }
}
