package io.sediment.frontend.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.frontend.TestBroker;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What members are told that break the rules, vanish, or come back under their name. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class GroupRulesTest {
  private static final String GROUP = "0";
  private static final int LONG_SESSION_MS = 600_000;
  private static final int LEAVE_FOR_GOOD = -1;
  private static final int LEAVE_TO_RETURN = -2;

  private TestBroker broker;
  private Topic topic;
  private final List<RawGroups> clients = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    broker =
        TestBroker.startWithGroups(
            Map.of(
                "group.max.session.timeout.ms",
                Integer.toString(LONG_SESSION_MS),
                "group.consumer.min.session.timeout.ms",
                "1",
                "group.consumer.session.timeout.ms",
                Integer.toString(RawGroups.SESSION_MS),
                "group.consumer.min.heartbeat.interval.ms",
                "1",
                "group.consumer.heartbeat.interval.ms",
                "100"));
    topic = broker.createTopic("orders", 2);
    broker.startGroups();
  }

  @AfterEach
  void stop() throws IOException {
    for (RawGroups client : clients) {
      client.close();
    }
    broker.close();
    assertThat(broker.meters.counter("kafka.request.handler.failures").count()).isZero();
  }

  private RawGroups client(String instanceId) throws IOException {
    RawGroups client = new RawGroups(broker, topic, GROUP, instanceId);
    clients.add(client);
    return client;
  }

  private RawGroups member() throws IOException {
    return client(null);
  }

  private static Errors errorOf(JoinGroupResponseData answer) {
    return Errors.forCode(answer.errorCode());
  }

  private static Errors errorOf(ConsumerGroupHeartbeatResponseData answer) {
    return Errors.forCode(answer.errorCode());
  }

  private static BooleanSupplier unchecked(Callable<Boolean> condition) {
    return () -> {
      try {
        return condition.call();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (Exception e) {
        throw new AssertionError(e);
      }
    };
  }

  /** The first one leads; both are in the same generation, and none of them waits. */
  private static void makeStable(RawGroups first, RawGroups second) throws IOException {
    assertThat(errorOf(first.join())).isEqualTo(Errors.NONE);
    assertThat(first.sync(first.memberId())).isEqualTo(Errors.NONE);
    joinTogether(first, second);
    RequestHeader follower = second.sendSync();
    assertThat(first.sync(first.memberId(), second.memberId())).isEqualTo(Errors.NONE);
    assertThat(second.receive(follower)).isEqualTo(Errors.NONE);
  }

  private static void joinTogether(RawGroups inside, RawGroups newcomer) throws IOException {
    RequestHeader joining = newcomer.sendJoin();
    Await.until("a rebalance", unchecked(() -> inside.heartbeat() == Errors.REBALANCE_IN_PROGRESS));
    RequestHeader again = inside.sendJoin();
    assertThat(errorOf(inside.receiveJoin(again))).isEqualTo(Errors.NONE);
    assertThat(errorOf(newcomer.receiveJoin(joining))).isEqualTo(Errors.NONE);
    assertThat(newcomer.generation()).isEqualTo(inside.generation());
  }

  @Test
  void aStaticMemberComesBackWithoutARebalanceAndFencesItsFormerSelf() throws IOException {
    RawGroups leader = client("a").withSession(LONG_SESSION_MS);
    RawGroups follower = client("b").withSession(LONG_SESSION_MS);
    makeStable(leader, follower);
    int generation = leader.generation();

    RawGroups again = client("b").withSession(LONG_SESSION_MS);
    assertThat(errorOf(again.join())).isEqualTo(Errors.NONE);
    assertThat(again.generation()).isEqualTo(generation);
    assertThat(again.memberId()).isNotEqualTo(follower.memberId());
    assertThat(again.sync()).isEqualTo(Errors.NONE);
    assertThat(leader.heartbeat()).as("no rebalance").isEqualTo(Errors.NONE);
    assertThat(again.commit(1)).isEqualTo(Errors.NONE);

    assertThat(follower.heartbeat()).isEqualTo(Errors.FENCED_INSTANCE_ID);
    assertThat(follower.sync()).isEqualTo(Errors.FENCED_INSTANCE_ID);
    assertThat(follower.commit(2)).isEqualTo(Errors.FENCED_INSTANCE_ID);
    assertThat(errorOf(follower.join())).isEqualTo(Errors.FENCED_INSTANCE_ID);
    assertThat(follower.leave()).isEqualTo(Errors.FENCED_INSTANCE_ID);
    assertThat(leader.heartbeat()).isEqualTo(Errors.NONE);
  }

  @Test
  void staticMembersOutliveTheirCoordinator() throws IOException {
    RawGroups leader = client("a").withSession(LONG_SESSION_MS);
    RawGroups follower = client("b").withSession(LONG_SESSION_MS);
    makeStable(leader, follower);
    broker.raiseLeaderEpochs();
    RawGroups again = client("b").withSession(LONG_SESSION_MS);
    Await.until("the group is loaded", unchecked(() -> errorOf(again.join()) == Errors.NONE));
    assertThat(again.generation()).isEqualTo(leader.generation());
    assertThat(leader.heartbeat()).isEqualTo(Errors.NONE);
    assertThat(follower.heartbeat()).isEqualTo(Errors.FENCED_INSTANCE_ID);
  }

  @Test
  void assignorsThatDoNotFitAreRefused() throws IOException {
    RawGroups first = client("a").withSession(LONG_SESSION_MS);
    assertThat(errorOf(first.join())).isEqualTo(Errors.NONE);
    assertThat(first.sync(first.memberId())).isEqualTo(Errors.NONE);
    assertThat(errorOf(member().withAssignors("consumer").join()))
        .as("none at all")
        .isEqualTo(Errors.INCONSISTENT_GROUP_PROTOCOL);
    assertThat(errorOf(member().withAssignors("consumer", "another").join()))
        .as("none in common")
        .isEqualTo(Errors.INCONSISTENT_GROUP_PROTOCOL);
    assertThat(errorOf(member().withAssignors("connect", "range").join()))
        .as("another type")
        .isEqualTo(Errors.INCONSISTENT_GROUP_PROTOCOL);
    assertThat(first.heartbeat()).as("nobody was disturbed").isEqualTo(Errors.NONE);
  }

  @Test
  void sessionsBeyondTheLimitsAreRefused() throws IOException {
    assertThat(errorOf(member().withSession(LONG_SESSION_MS + 1).join()))
        .isEqualTo(Errors.INVALID_SESSION_TIMEOUT);
    assertThat(errorOf(member().withSession(0).join())).isEqualTo(Errors.INVALID_SESSION_TIMEOUT);
  }

  @Test
  void unknownMembersAndFormerGenerationsChangeNothing() throws IOException {
    RawGroups first = client("a").withSession(LONG_SESSION_MS);
    makeStable(first, client("b").withSession(LONG_SESSION_MS));

    RawGroups nobody = member().as("nobody", first.generation());
    assertThat(nobody.heartbeat()).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(nobody.sync()).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(nobody.commit(1)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(nobody.leave()).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(errorOf(nobody.join())).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(member().commit(1)).as("a group with members").isEqualTo(Errors.UNKNOWN_MEMBER_ID);

    RawGroups former = client("a").as(first.memberId(), first.generation() - 1);
    assertThat(former.heartbeat()).isEqualTo(Errors.ILLEGAL_GENERATION);
    assertThat(former.sync()).isEqualTo(Errors.ILLEGAL_GENERATION);
    assertThat(former.commit(1)).isEqualTo(Errors.ILLEGAL_GENERATION);

    assertThat(member().fetch().topics().get(0).partitions().get(0).committedOffset())
        .isEqualTo(-1);
    assertThat(first.heartbeat()).isEqualTo(Errors.NONE);
  }

  @Test
  void aVanishedMemberIsNotWaitedForBeyondItsSession() throws IOException {
    RawGroups stays = client("a").withSession(LONG_SESSION_MS);
    RawGroups vanishes = client("b");
    makeStable(stays, vanishes);
    vanishes.close();
    Await.until(
        "its session ends", unchecked(() -> stays.heartbeat() == Errors.REBALANCE_IN_PROGRESS));
    assertThat(stays.join().members()).hasSize(1);
  }

  @Test
  void aRebalanceDoesNotWaitForAMemberThatHasVanished() throws IOException {
    RawGroups vanishes = client("a");
    assertThat(errorOf(vanishes.join())).isEqualTo(Errors.NONE);
    assertThat(vanishes.sync(vanishes.memberId())).isEqualTo(Errors.NONE);
    vanishes.close();
    RawGroups joins = client("b").withSession(LONG_SESSION_MS);
    JoinGroupResponseData answer = joins.join(); // RawClient waits for 60 s, the rebalance for 300
    assertThat(errorOf(answer)).isEqualTo(Errors.NONE);
    assertThat(answer.leader()).isEqualTo(joins.memberId());
    assertThat(answer.members()).hasSize(1);
  }

  @Test
  void followersDoNotWaitForALeaderThatVanishesBeforeItHasAssigned() throws IOException {
    RawGroups leader = client("a");
    assertThat(errorOf(leader.join())).isEqualTo(Errors.NONE);
    assertThat(leader.sync(leader.memberId())).isEqualTo(Errors.NONE);
    RawGroups follower = client("b").withSession(LONG_SESSION_MS);
    joinTogether(leader, follower);
    leader.close();
    assertThat(follower.sync()).isEqualTo(Errors.REBALANCE_IN_PROGRESS);
    assertThat(follower.join().members()).hasSize(1);
  }

  // The consumer protocol.

  private static List<Integer> assigned(ConsumerGroupHeartbeatResponseData answer) {
    return answer.assignment() == null || answer.assignment().topicPartitions().isEmpty()
        ? List.of()
        : answer.assignment().topicPartitions().get(0).partitions();
  }

  /** Alone in its group, with both partitions. */
  private RawGroups soleConsumer(String instanceId) throws IOException {
    RawGroups member = client(instanceId);
    ConsumerGroupHeartbeatResponseData answer = member.consumerJoin("uniform");
    assertThat(errorOf(answer)).isEqualTo(Errors.NONE);
    assertThat(assigned(answer)).containsExactlyInAnyOrder(0, 1);
    return member;
  }

  @Test
  void consumersThatBreakTheRulesAreToldSo() throws IOException {
    RawGroups member = soleConsumer("a");
    int epoch = member.generation();
    assertThat(errorOf(member().consumerJoin("another"))).isEqualTo(Errors.UNSUPPORTED_ASSIGNOR);
    assertThat(errorOf(member().as("nobody", 1).consumerHeartbeat(1, null)))
        .isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(errorOf(client("a").consumerJoin("uniform")))
        .as("the instance is in use")
        .isEqualTo(Errors.UNRELEASED_INSTANCE_ID);
    assertThat(errorOf(client("a").as("nobody", epoch).consumerHeartbeat(epoch, null)))
        .isEqualTo(Errors.FENCED_INSTANCE_ID);
    assertThat(errorOf(member.consumerHeartbeat(epoch + 7, null)))
        .isEqualTo(Errors.FENCED_MEMBER_EPOCH);
    assertThat(client("a").as(member.memberId(), epoch + 7).commit(1))
        .isEqualTo(Errors.STALE_MEMBER_EPOCH);
    assertThat(member().as("nobody", epoch).commit(1)).isEqualTo(Errors.UNKNOWN_MEMBER_ID);
    assertThat(member.commit(1)).isEqualTo(Errors.NONE);
  }

  @Test
  void aStaticConsumerComesBackToItsPartitions() throws IOException {
    RawGroups member = soleConsumer("a");
    int epoch = member.generation();
    assertThat(errorOf(member.consumerHeartbeat(LEAVE_TO_RETURN, null))).isEqualTo(Errors.NONE);
    RawGroups again = client("a");
    ConsumerGroupHeartbeatResponseData answer = again.consumerJoin("uniform");
    assertThat(errorOf(answer)).isEqualTo(Errors.NONE);
    assertThat(assigned(answer)).containsExactlyInAnyOrder(0, 1);
    assertThat(again.generation()).as("no rebalance").isEqualTo(epoch);
    assertThat(errorOf(again.consumerHeartbeat(LEAVE_FOR_GOOD, null))).isEqualTo(Errors.NONE);
  }

  @Test
  void theOthersGetThePartitionsOfAConsumerThatHasVanished() throws IOException {
    soleConsumer(null).close();
    RawGroups next = member();
    assertThat(errorOf(next.consumerJoin("uniform"))).isEqualTo(Errors.NONE);
    List<Integer> owned = new ArrayList<>();
    Await.until(
        "both partitions",
        unchecked(
            () -> {
              ConsumerGroupHeartbeatResponseData answer =
                  next.consumerHeartbeat(next.generation(), List.copyOf(owned));
              assertThat(errorOf(answer)).isEqualTo(Errors.NONE);
              if (answer.assignment() != null) {
                owned.clear();
                owned.addAll(assigned(answer));
              }
              return owned.size() == 2;
            }));
  }
}
