package io.sediment.metadata;

/**
 * The broker must not start here. The message is one line for the operator: what was found, where,
 * and what to do about it. Nothing was written to the bucket.
 */
public final class RefusedStartException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Why. */
  public enum Reason {
    /** Another process has the Raft folder open. */
    IN_USE,
    /** The bucket was used, and the Raft folder that knows it is gone. */
    EMPTY_RAFT_FOLDER,
    /** The Raft folder belongs to another bucket or cluster, or to another broker id. */
    FOREIGN_RAFT_FOLDER,
    /** The bucket went on without this Raft folder. */
    OLDER_INCARNATION,
    /** CLUSTER_ID is not the bucket's. */
    WRONG_CLUSTER_ID,
    /** RAFT_PEERS does not name this broker as the bucket does. */
    NOT_A_VOTER
  }

  private final Reason reason;

  public RefusedStartException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }

  /** The process's exit status: 3 where the data is in use by another process, else 2. */
  public int exitStatus() {
    return reason == Reason.IN_USE ? 3 : 2;
  }
}
