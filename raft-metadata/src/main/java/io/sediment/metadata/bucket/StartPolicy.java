package io.sediment.metadata.bucket;

import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.RefusedStartException.Reason;
import io.sediment.metadata.bucket.VoterRegister.Vote;
import java.util.List;
import java.util.Optional;

/**
 * Says how a broker may start, from what its Raft folder and the bucket say. Pure.
 *
 * <pre>
 *   Raft folder        bucket                      so
 *   empty              never used                  begin its first incarnation
 *   empty              used, vote not claimed      join the Raft group as a first-time voter
 *   empty              used, vote claimed          recover where asked to; else take the vote's place, or
 *                                                  refuse where nobody else votes
 *   of the newest      used                        go on
 *   of an older one    used                        refuse
 *   of another bucket  any                         refuse
 * </pre>
 *
 * A broker that RAFT_PEERS does not name has no vote: it waits for a bucket that was never used and
 * joins any other. A folder whose incarnation never came to be counts as empty, but takes up its
 * plan again. One that was to take a lost folder's place, and was not taken in, recovers where that
 * is asked.
 */
final class StartPolicy {
  private StartPolicy() {}

  enum Decision {
    /** Create incarnation 1. */
    BEGIN,
    /** No voter, so others must begin. */
    WAIT,
    /** Take part in the newest incarnation with a folder that is new to it. */
    JOIN,
    /** Take part in the newest incarnation as before. */
    GO_ON,
    /** Take part in the newest incarnation in the place of a folder that is lost. */
    REPLACE,
    /** Create the next incarnation, then rebuild. */
    RECOVER
  }

  /**
   * @param voters brokers of the Raft group as configured
   * @param vote the folders that have claimed this broker's vote in the newest incarnation
   */
  record Situation(
      int brokerId,
      Optional<String> clusterId,
      List<Integer> voters,
      boolean recoveryAsked,
      Optional<FolderIdentity> folder,
      Optional<Incarnation> newest,
      Optional<Vote> vote) {}

  static Decision decide(Situation situation) {
    situation.newest().ifPresent(newest -> checkClusterId(situation, newest));
    Optional<FolderIdentity> folder = situation.folder();
    if (folder.isPresent() && folder.get().brokerId() != situation.brokerId()) {
      throw new RefusedStartException(
          Reason.FOREIGN_RAFT_FOLDER,
          "BROKER_ID="
              + situation.brokerId()
              + " but the folder RAFT_PATH belongs to broker "
              + folder.get().brokerId());
    }
    if (folder.isEmpty() || !folder.get().joined() && !sameAsNewest(situation)) {
      return withEmptyFolder(situation);
    }
    if (situation.newest().isEmpty()) {
      throw new RefusedStartException(
          Reason.FOREIGN_RAFT_FOLDER,
          "the folder RAFT_PATH belongs to cluster "
              + folder.get().clusterId()
              + " but the bucket is empty: wrong bucket, wrong DATA_PATH, or wrong RAFT_PATH");
    }
    if (sameAsNewest(situation)) {
      return situation.recoveryAsked() && wasNeverTakenIn(situation, folder.get())
          ? Decision.RECOVER
          : Decision.GO_ON;
    }
    FolderIdentity known = folder.get();
    Incarnation newest = situation.newest().get();
    if (known.clusterId().equals(newest.clusterId()) && known.incarnation() < newest.number()) {
      throw new RefusedStartException(
          Reason.OLDER_INCARNATION,
          "the folder RAFT_PATH belongs to incarnation "
              + known.incarnation()
              + " of cluster "
              + known.clusterId()
              + " but the bucket was recovered since and is at "
              + newest.number()
              + ": start with an empty RAFT_PATH");
    }
    throw new RefusedStartException(
        Reason.FOREIGN_RAFT_FOLDER,
        "the folder RAFT_PATH belongs to incarnation "
            + known.incarnation()
            + " of cluster "
            + known.clusterId()
            + ", the bucket to incarnation "
            + newest.number()
            + " of cluster "
            + newest.clusterId());
  }

  private static boolean wasNeverTakenIn(Situation situation, FolderIdentity folder) {
    return !folder.joined()
        && situation
            .vote()
            .filter(vote -> vote.isReplaced() && vote.newest().equals(folder.storageId()))
            .isPresent();
  }

  private static Decision withEmptyFolder(Situation situation) {
    boolean meantToVote = situation.voters().contains(situation.brokerId());
    if (situation.newest().isEmpty()) {
      return meantToVote ? Decision.BEGIN : Decision.WAIT;
    }
    if (!meantToVote) {
      return Decision.JOIN;
    }
    Incarnation newest = situation.newest().get();
    boolean isVoter = newest.voters().contains(situation.brokerId());
    if (isVoter && situation.vote().isEmpty()) {
      return Decision.JOIN;
    }
    if (situation.recoveryAsked()) {
      return Decision.RECOVER;
    }
    if (!isVoter) {
      throw new RefusedStartException(
          Reason.NOT_A_VOTER,
          "BROKER_ID="
              + situation.brokerId()
              + " is not among the voters "
              + newest.voters()
              + " of cluster "
              + newest.clusterId()
              + ", which owns the bucket");
    }
    if (newest.voters().size() > 1) {
      return Decision.REPLACE;
    }
    throw new RefusedStartException(
        Reason.EMPTY_RAFT_FOLDER,
        "the bucket belongs to cluster "
            + newest.clusterId()
            + " but the folder RAFT_PATH is empty: give it back, or set RECOVER_FROM_BUCKET=true"
            + " when no broker of that cluster has its folder any more");
  }

  private static boolean sameAsNewest(Situation situation) {
    return situation.folder().isPresent()
        && situation.newest().isPresent()
        && situation.folder().get().belongsTo(situation.newest().get());
  }

  private static void checkClusterId(Situation situation, Incarnation newest) {
    if (situation.clusterId().isPresent()
        && !situation.clusterId().get().equals(newest.clusterId())) {
      throw new RefusedStartException(
          Reason.WRONG_CLUSTER_ID,
          "CLUSTER_ID="
              + situation.clusterId().get()
              + " but the bucket belongs to cluster "
              + newest.clusterId());
    }
  }
}
