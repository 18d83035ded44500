package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.DrainLane;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.ratis.Succession.Outcome;
import io.sediment.runtime.ManualScheduler;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.LeaderInfoProto;
import org.apache.ratis.proto.RaftProtos.RaftPeerProto;
import org.apache.ratis.proto.RaftProtos.RoleInfoProto;
import org.apache.ratis.proto.RaftProtos.ServerRpcProto;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.DivisionInfo;
import org.apache.ratis.server.RaftConfiguration;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.raftlog.RaftLog;
import org.junit.jupiter.api.Test;

/** Broker 0 leads, has one entry, and leaves; 1, 2 and 3 vote, too. */
class SuccessionTest {
  private static final Duration LEASE = Duration.ofSeconds(1);
  private static final Duration ATTEMPT_MAX = Duration.ofMillis(500);
  private static final long LACKS_ALL = -1;
  private static final long HAS_ALL = 0;

  private final ManualScheduler scheduler = new ManualScheduler();
  private final InMemoryClusterMetadata metadata =
      InMemoryClusterMetadata.ofOneBroker(1, "localhost", 9092);

  /** Of brokers 1, 2 and 3. */
  private final long[] lastIndexes = {HAS_ALL, HAS_ALL, HAS_ALL};

  private final long[] silentMs = new long[3];

  /** What comes of asking: where Ratis is stuck, all fails at once. */
  private CompletableFuture<?> answer =
      CompletableFuture.failedFuture(new IOException("a previous request exists"));

  private final List<Integer> asked = new ArrayList<>();

  private final Succession succession =
      new Succession(division(), this::ask, metadata::image, scheduler, scheduler, LEASE);

  private RaftServer.Division division() {
    DivisionInfo info =
        answering(
            DivisionInfo.class,
            Map.of("getRoleInfoProto", this::role, "getFollowerMatchIndices", () -> lastIndexes));
    RaftConfiguration members =
        answering(
            RaftConfiguration.class,
            Map.of("getCurrentPeers", () -> List.of(voter(0), voter(1), voter(2), voter(3))));
    RaftLog log = answering(RaftLog.class, Map.of("getNextIndex", () -> 1L, "get", () -> null));
    return answering(
        RaftServer.Division.class,
        Map.of("getInfo", () -> info, "getRaftConf", () -> members, "getRaftLog", () -> log));
  }

  /** Knows some methods, by their names. */
  private static <T> T answering(Class<T> type, Map<String, Supplier<Object>> answers) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> {
              Supplier<Object> answer = answers.get(method.getName());
              if (answer == null) {
                throw new UnsupportedOperationException(method.toString());
              }
              return answer.get();
            }));
  }

  private static RaftPeer voter(int broker) {
    return RaftPeer.newBuilder().setId(GroupMembers.peerId(broker, new UUID(0, broker))).build();
  }

  private RoleInfoProto role() {
    LeaderInfoProto.Builder leader = LeaderInfoProto.newBuilder();
    for (int i = 0; i < silentMs.length; i++) {
      RaftPeerProto peer =
          RaftPeerProto.newBuilder().setId(voter(i + 1).getId().toByteString()).build();
      leader.addFollowerInfo(
          ServerRpcProto.newBuilder().setId(peer).setLastRpcElapsedTimeMs(silentMs[i]));
    }
    return RoleInfoProto.newBuilder().setLeaderInfo(leader).build();
  }

  private CompletableFuture<?> ask(RaftPeerId next, Duration timeout) {
    assertThat(timeout).isEqualTo(ATTEMPT_MAX);
    asked.add(QuorumReport.broker(next));
    return answer;
  }

  @Test
  void whereRatisRefusesAllThatItIsAskedNobodyIsLeftAtOnce() {
    for (int voter = 0; voter < 3; voter++) {
      assertThat(succession.attempt()).isCompletedWithValue(Outcome.FAILED);
    }
    assertThat(succession.attempt()).isCompletedWithValue(Outcome.NOBODY_LEFT);
    assertThat(asked).containsExactly(1, 2, 3);
  }

  @Test
  void whoseBrokerLeavesTooIsAskedLast() {
    metadata.accept(new DrainLane(new LaneId(0), 1, 1, 1));
    for (int voter = 0; voter < 3; voter++) {
      succession.attempt();
    }
    assertThat(asked).containsExactly(2, 3, 1);
  }

  @Test
  void theMostCompleteOneIsAskedThatWasHeard() {
    lastIndexes[0] = LACKS_ALL;
    silentMs[1] = 201;
    answer = CompletableFuture.completedFuture("leads");
    assertThat(succession.attempt()).isCompletedWithValue(Outcome.PASSED);
    assertThat(asked).containsExactly(3);
  }

  @Test
  void whoLacksSomethingIsGivenTimeToGetIt() {
    lastIndexes[0] = LACKS_ALL;
    silentMs[1] = 201;
    silentMs[2] = 201;
    CompletableFuture<Outcome> attempt = succession.attempt();
    scheduler.advance(Duration.ofMillis(100));
    assertThat(asked).isEmpty();
    lastIndexes[0] = HAS_ALL;
    scheduler.advance(Duration.ofMillis(2));
    assertThat(asked).containsExactly(1);
    assertThat(attempt).isCompletedWithValue(Outcome.FAILED);
  }

  @Test
  void whoIsAskedAndDoesNotAnswerIsWaitedForNoLongerThanALease() {
    answer = new CompletableFuture<>();
    CompletableFuture<Outcome> attempt = succession.attempt();
    scheduler.advance(LEASE.minusMillis(1));
    assertThat(attempt).isNotDone();
    scheduler.advance(Duration.ofMillis(1));
    assertThat(attempt).isCompletedWithValue(Outcome.FAILED);
  }
}
