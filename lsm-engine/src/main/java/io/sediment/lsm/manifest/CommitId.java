package io.sediment.lsm.manifest;

import java.util.UUID;

/**
 * Tells a committer its own manifest from everybody else's.
 *
 * @param committer drawn once per opened store by the committing process
 * @param number counts that committer's attempts
 */
public record CommitId(UUID committer, long number) {
  public static final CommitId NONE = new CommitId(new UUID(0, 0), 0);
}
