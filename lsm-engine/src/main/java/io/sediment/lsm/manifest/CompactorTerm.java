package io.sediment.lsm.manifest;

import java.util.UUID;

/**
 * Under which right the compactor of a lane commits. Nobody grants it: to claim it is to count the
 * epoch up in the manifest, and whoever was there before is fenced by that.
 *
 * @param incarnation of the cluster that the process belongs to; not stored, the manifest's is the
 *     writer's
 * @param epoch counts from 1; 0 while there was no compactor
 * @param compactorId drawn by the process for this epoch
 */
public record CompactorTerm(long incarnation, long epoch, UUID compactorId) {
  /** Nobody has compacted yet. */
  public static final CompactorTerm NONE = new CompactorTerm(0, 0, new UUID(0, 0));

  public CompactorTerm {
    if (incarnation < 0 || epoch < 0) {
      throw new IllegalArgumentException(
          "compactor term: incarnation=" + incarnation + " epoch=" + epoch);
    }
  }

  /** Whether the manifest's {@code level1} is this compactor's. */
  boolean owns(Level1 level1) {
    return level1.compactorEpoch() == epoch && level1.compactorId().equals(compactorId);
  }
}
