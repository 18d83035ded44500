package io.sediment.lsm.manifest;

import java.util.UUID;

/**
 * Under which right the writer of a lane commits.
 *
 * @param incarnation of the cluster
 * @param epoch of the lane, granted to one process
 * @param writerId drawn by that process for this epoch: tells two apart that believe in the same
 *     one
 */
public record WriterTerm(long incarnation, long epoch, UUID writerId) {
  /** Nobody has written yet. */
  public static final WriterTerm NONE = new WriterTerm(0, 0, new UUID(0, 0));

  public WriterTerm {
    if (incarnation < 0 || epoch < 0) {
      throw new IllegalArgumentException(
          "writer term: incarnation=" + incarnation + " epoch=" + epoch);
    }
  }

  @Override
  public String toString() {
    return "incarnation=" + incarnation + " epoch=" + epoch + " writerId=" + writerId;
  }
}
