package io.sediment.metadata.bucket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.RefusedStartException.Reason;
import io.sediment.metadata.bucket.StartPolicy.Decision;
import io.sediment.metadata.bucket.StartPolicy.Situation;
import io.sediment.metadata.bucket.VoterRegister.Vote;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class StartPolicyTest {
  private static final UUID GROUP = new UUID(1, 1);

  private boolean recover;
  private Optional<Vote> vote = Optional.of(new Vote(new UUID(5, 5), new UUID(5, 5)));
  private List<Integer> voters = List.of(0);
  private Optional<String> clusterId = Optional.empty();
  private Optional<FolderIdentity> folder = Optional.empty();
  private Optional<Incarnation> newest = Optional.empty();

  private Decision decide() {
    return StartPolicy.decide(new Situation(0, clusterId, voters, recover, folder, newest, vote));
  }

  private void assertRefused(Reason reason) {
    assertThatThrownBy(this::decide)
        .isInstanceOfSatisfying(
            RefusedStartException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(reason);
              assertThat(e.getMessage()).doesNotContain("\n");
            });
  }

  private static Optional<Incarnation> bucket(long number, Integer... voters) {
    return Optional.of(new Incarnation(number, "c", GROUP, new UUID(number, 2), List.of(voters)));
  }

  private static Optional<FolderIdentity> folder(int broker, long incarnation, boolean joined) {
    return Optional.of(
        new FolderIdentity(
            broker,
            incarnation,
            "c",
            GROUP,
            new UUID(incarnation, 2),
            new UUID(5, 5),
            true,
            joined));
  }

  @Test
  void nothingAnywhereBegins() {
    assertThat(decide()).isEqualTo(Decision.BEGIN);
  }

  @Test
  void anUnfinishedBeginningIsTakenUpAgain() {
    folder = folder(0, 1, false);
    assertThat(decide()).isEqualTo(Decision.BEGIN);
    newest = bucket(1, 0);
    assertThat(decide()).isEqualTo(Decision.GO_ON);
  }

  @Test
  void itsOwnFolderGoesOn() {
    folder = folder(0, 3, true);
    newest = bucket(3, 0);
    recover = true;
    assertThat(decide()).isEqualTo(Decision.GO_ON);
  }

  @Test
  void anEmptyFolderOnAUsedBucketIsRefusedUnlessRecoveryIsAsked() {
    newest = bucket(1, 0);
    assertRefused(Reason.EMPTY_RAFT_FOLDER);
    recover = true;
    assertThat(decide()).isEqualTo(Decision.RECOVER);
  }

  @Test
  void anUnfinishedRecoveryIsTakenUpAgain() {
    recover = true;
    newest = bucket(1, 0);
    folder = folder(0, 2, false);
    assertThat(decide()).isEqualTo(Decision.RECOVER);
    newest = bucket(2, 0);
    assertThat(decide()).isEqualTo(Decision.GO_ON);
  }

  @Test
  void aVoterThatNeverCameJoins() {
    newest = bucket(1, 0, 1);
    vote = Optional.empty();
    assertThat(decide()).isEqualTo(Decision.JOIN);
  }

  @Test
  void amongOtherVotersAnEmptyFolderTakesTheLostOnesPlace() {
    voters = List.of(0, 1);
    newest = bucket(1, 0, 1);
    assertThat(decide()).isEqualTo(Decision.REPLACE);
    recover = true;
    assertThat(decide()).isEqualTo(Decision.RECOVER);
  }

  @Test
  void aFolderThatTheOthersNeverTookInRecoversWhereThatIsAsked() {
    newest = bucket(1, 0, 1);
    vote = Optional.of(new Vote(new UUID(4, 4), new UUID(5, 5)));
    folder = folder(0, 1, false);
    assertThat(decide()).isEqualTo(Decision.GO_ON);
    recover = true;
    assertThat(decide()).isEqualTo(Decision.RECOVER);
    folder = folder(0, 1, true);
    assertThat(decide()).isEqualTo(Decision.GO_ON);
  }

  @Test
  void aBrokerThatIsNoVoterIsRefused() {
    newest = bucket(1, 1, 2);
    vote = Optional.empty();
    assertRefused(Reason.NOT_A_VOTER);
  }

  @Test
  void aBrokerThatIsNotMeantToVoteWaitsForTheVotersAndJoins() {
    voters = List.of(1, 2);
    assertThat(decide()).isEqualTo(Decision.WAIT);
    newest = bucket(1, 1, 2);
    assertThat(decide()).isEqualTo(Decision.JOIN);
    recover = true;
    assertThat(decide()).as("it recovers nothing by itself").isEqualTo(Decision.JOIN);
    folder = folder(0, 1, true);
    assertThat(decide()).isEqualTo(Decision.GO_ON);
  }

  @Test
  void aFolderOfAnOlderIncarnationIsRefused() {
    folder = folder(0, 1, true);
    newest = bucket(2, 0);
    assertRefused(Reason.OLDER_INCARNATION);
    recover = true;
    assertRefused(Reason.OLDER_INCARNATION);
  }

  @Test
  void aFolderOfAnotherBucketIsRefused() {
    folder = folder(0, 2, true);
    assertRefused(Reason.FOREIGN_RAFT_FOLDER);
    newest = bucket(1, 0);
    assertRefused(Reason.FOREIGN_RAFT_FOLDER);
    newest = Optional.of(new Incarnation(2, "other", GROUP, new UUID(2, 2), List.of(0)));
    assertRefused(Reason.FOREIGN_RAFT_FOLDER);
  }

  @Test
  void aFolderOfAnotherBrokerIsRefused() {
    folder = folder(1, 1, true);
    newest = bucket(1, 0, 1);
    assertRefused(Reason.FOREIGN_RAFT_FOLDER);
  }

  @Test
  void anotherClusterIdIsRefusedBeforeAllElse() {
    clusterId = Optional.of("wanted");
    newest = bucket(1, 0);
    recover = true;
    assertRefused(Reason.WRONG_CLUSTER_ID);
    clusterId = Optional.of("c");
    assertThat(decide()).isEqualTo(Decision.RECOVER);
  }
}
