package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.HeartbeatReply;
import io.sediment.metadata.liveness.HeartbeatReply.Verdict;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Await;
import io.sediment.runtime.FreePorts;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThreePeersTest {
  private static final int ELECTIONS_MAX = 20;

  /** Two thirds of a lease and an election on a slow machine; less than the ten seconds. */
  private static final Duration STANDS_AGAIN_MAX = Duration.ofSeconds(8);

  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test-metadata", 2);
  private final ObjectStore store = new MemoryObjectStore(scheduler);
  private final ExecutorService starters = Executors.newFixedThreadPool(5);
  private final Map<Integer, RaftMetadata> peers = new TreeMap<>();
  private final Map<Integer, CutLine> lines = new TreeMap<>();
  @TempDir Path temp;

  @AfterEach
  void stop() throws IOException {
    for (RaftMetadata peer : peers.values()) {
      peer.close();
    }
    for (CutLine line : lines.values()) {
      line.close();
    }
    starters.shutdown();
    store.close();
    scheduler.close();
  }

  private static Map<Integer, HostPort> freePorts(int count) {
    FreePorts ports = new FreePorts();
    Map<Integer, HostPort> addresses = new TreeMap<>();
    for (int broker = 0; broker < count; broker++) {
      addresses.put(broker, new HostPort("127.0.0.1", ports.take()));
    }
    return addresses;
  }

  private CompletableFuture<RaftMetadata> start(int broker, Map<Integer, HostPort> addresses) {
    return start(broker, addresses.get(broker), addresses);
  }

  private CompletableFuture<RaftMetadata> start(
      int broker, HostPort listen, Map<Integer, HostPort> voters) {
    return start(
        MetadataConfig.ofOneBroker(broker, listen, temp.resolve(Integer.toString(broker)))
            .withPeers(voters));
  }

  private CompletableFuture<RaftMetadata> start(MetadataConfig config) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return RaftMetadata.open(
                config,
                store,
                scheduler,
                SystemPorts.ticker(),
                new Random(config.brokerId()),
                (lane, incarnation, epoch) -> CompletableFuture.failedFuture(new AssertionError()));
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        },
        starters);
  }

  @Test
  void threeEmptyBrokersFormOneClusterAndOutliveTheirLeader() throws IOException {
    Map<Integer, HostPort> addresses = freePorts(3);
    Map<Integer, CompletableFuture<RaftMetadata>> starting = new TreeMap<>();
    for (int broker = 0; broker < 3; broker++) {
      starting.put(broker, start(broker, addresses));
    }
    starting.forEach((broker, peer) -> peers.put(broker, Await.result(peer)));

    for (int broker = 0; broker < 3; broker++) {
      RaftMetadata peer = peers.get(broker);
      long epoch =
          Await.result(
                  peer.submit(
                      new RegisterBroker(broker, new UUID(broker, 1), "localhost", 9092, null)))
              .valueOrThrow();
      assertThat(epoch).isEqualTo(1);
      assertThat(peer.image().broker(broker)).as("reads its own write").isNotNull();
    }
    for (RaftMetadata peer : peers.values()) {
      Await.until("all see all brokers", () -> peer.image().brokers().size() == 3);
      assertThat(peer.image().clusterId()).isEqualTo(peers.get(0).image().clusterId());
    }

    int leader = leader();
    peers.remove(leader).close();
    for (RaftMetadata peer : peers.values()) {
      assertThat(
              Await.result(peer.submit(new SetFeatureLevels(Map.of("f" + peers.size(), 1))))
                  .isAccepted())
          .isTrue();
    }

    // Who was away learns what happened meanwhile.
    RaftMetadata back = Await.result(start(leader, addresses));
    peers.put(leader, back);
    Await.until("back with all", () -> back.image().features().size() == 1);
  }

  /** Before this the two that stay found out by the silence: with these leases, after minutes. */
  @Test
  void aLeaderThatLeavesInOrderHasAnotherOneLead() throws IOException {
    startWithLeaseUntilAllFollowOne(Duration.ofMinutes(10), 3);
    peers.remove(leader()).close();
    Await.until("another one leads", () -> peers.values().stream().anyMatch(RaftMetadata::leads));
    assertThat(
            Await.result(peers.get(leader()).submit(new SetFeatureLevels(Map.of("f", 1))))
                .isAccepted())
        .isTrue();
  }

  /**
   * The first choice is gone already, and nobody knows: with this lease, who was heard two minutes
   * ago is there. Three of five stay, which would find out by the silence, after minutes.
   */
  @Test
  void aLeaderThatLeavesAsksAnotherOneWhereTheFirstDoesNotComeToLead() throws IOException {
    startWithLeaseUntilAllFollowOne(Duration.ofMinutes(10), 5);
    Await.until("all have all there is", () -> isLevel(peers.get(leader())));
    RaftMetadata leader = peers.remove(leader());
    // Of equals the lowest is asked first.
    peers.remove(Collections.min(peers.keySet())).close();
    leader.close();
    Await.until("another one leads", () -> peers.values().stream().anyMatch(RaftMetadata::leads));
    assertThat(
            Await.result(peers.get(leader()).submit(new SetFeatureLevels(Map.of("f", 1))))
                .isAccepted())
        .isTrue();
  }

  /**
   * Some that start at once may all vote for themselves, and only try again when they have missed a
   * leader for a part of the lease. Where that is minutes, they are started again instead. One that
   * has not heard the leader yet may still stand, and depose it.
   */
  private void startWithLeaseUntilAllFollowOne(Duration lease, int count) throws IOException {
    Map<Integer, HostPort> addresses = freePorts(count);
    for (int election = 0; election < ELECTIONS_MAX; election++) {
      Map<Integer, CompletableFuture<RaftMetadata>> starting = new TreeMap<>();
      addresses.forEach(
          (broker, listen) ->
              starting.put(
                  broker,
                  start(
                      MetadataConfig.ofOneBroker(
                              broker, listen, temp.resolve(Integer.toString(broker)))
                          .withPeers(addresses)
                          .withLease(lease))));
      starting.forEach((broker, peer) -> peers.put(broker, Await.result(peer)));
      if (Await.within(
          Duration.ofSeconds(5),
          () -> peers.values().stream().allMatch(ThreePeersTest::isAnsweredAtOnce))) {
        return;
      }
      for (RaftMetadata peer : peers.values()) {
        peer.close();
      }
      peers.clear();
    }
    throw new AssertionError("nobody was elected in " + ELECTIONS_MAX + " elections");
  }

  private int leader() {
    return peers.keySet().stream()
        .filter(broker -> peers.get(broker).leads())
        .findFirst()
        .orElseThrow();
  }

  /**
   * The one that stays has fewer entries, so that only the leader that stepped down can be elected.
   * Ratis has it wait ten seconds, if it is not told otherwise.
   */
  @Test
  void aLeaderThatSteppedDownStandsAgainAtOnceWhereNobodyElseCanWin() throws IOException {
    startBehindLines();
    int leader = leader();
    int leaves = (leader + 1) % 3;
    int stays = (leader + 2) % 3;
    peers.remove(leaves).close();
    Await.until("it leads still", peers.get(leader)::leads);

    lines.get(stays).cut();
    CompletableFuture<?> unheard =
        peers.get(leader).submit(new SetFeatureLevels(Map.of("unheard", 1)));
    Await.until("it leads no longer", () -> !peers.get(leader).leads());
    lines.get(stays).breakConnections();
    lines.get(stays).heal();
    assertThat(Await.within(STANDS_AGAIN_MAX, peers.get(leader)::leads)).as("leads").isTrue();
    Await.result(unheard);
  }

  /** Three voters that reach each other through {@link #lines} only, until one leads. */
  private void startBehindLines() throws IOException {
    Map<Integer, HostPort> listens = freePorts(3);
    Map<Integer, HostPort> voters = new TreeMap<>();
    for (Map.Entry<Integer, HostPort> listen : listens.entrySet()) {
      CutLine line = new CutLine(listen.getValue().port());
      lines.put(listen.getKey(), line);
      voters.put(listen.getKey(), new HostPort("127.0.0.1", line.port()));
    }
    Map<Integer, CompletableFuture<RaftMetadata>> starting = new TreeMap<>();
    listens.forEach((broker, listen) -> starting.put(broker, start(broker, listen, voters)));
    starting.forEach((broker, peer) -> peers.put(broker, Await.result(peer)));
    Await.until("one leads", () -> peers.values().stream().anyMatch(RaftMetadata::leads));
  }

  /** TCP gives such a connection up after a quarter of an hour; here it never does. */
  @Test
  void aFollowerToWhichTheConnectionsDiedUnnoticedIsReachedAgain() throws IOException {
    startBehindLines();
    int leader = leader();
    int follower = (leader + 1) % 3;
    Await.result(peers.get(leader).submit(new SetFeatureLevels(Map.of("before", 1))));
    Await.until("it hears", () -> peers.get(follower).image().features().containsKey("before"));

    lines.get(follower).forgetConnections();
    Await.result(peers.get(leader).submit(new SetFeatureLevels(Map.of("after", 1))));
    Await.until(
        "it hears again", () -> peers.get(follower).image().features().containsKey("after"));
  }

  @Test
  void aLeaderToWhichTheConnectionDiedUnnoticedIsAskedAgain() throws IOException {
    startBehindLines();
    int leader = leader();
    RaftMetadata follower = peers.get((leader + 1) % 3);
    Await.until("it knows who leads", () -> isAnswered(follower));

    lines.get(leader).forgetConnections();
    Await.until("it is answered", () -> isAnswered(follower));
  }

  private static boolean isAnswered(RaftMetadata asked) {
    try {
      quorum(asked);
      return true;
    } catch (MetadataUnavailableException e) {
      return false;
    }
  }

  private static boolean isAnsweredAtOnce(RaftMetadata asked) {
    try {
      asked.quorum().get(1, TimeUnit.SECONDS);
      return true;
    } catch (ExecutionException | TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aKilledVoterThatMissedChangesCatchesUp() throws IOException {
    Map<Integer, HostPort> addresses = freePorts(3);
    Map<Integer, CompletableFuture<RaftMetadata>> starting = new TreeMap<>();
    for (int broker = 0; broker < 3; broker++) {
      starting.put(broker, start(broker, addresses));
    }
    starting.forEach((broker, peer) -> peers.put(broker, Await.result(peer)));
    Await.result(peers.get(0).submit(new SetFeatureLevels(Map.of("before", 1))));
    int killed = peers.get(0).leads() ? 1 : 0;
    int living = 2;
    // What a kill leaves behind: neither checkpoint nor rows that were written since the start, but
    // all of the log, for it was acknowledged.
    Path folder = temp.resolve(Integer.toString(killed));
    Path left = temp.resolve("left");
    RaftMetadataTest.copy(folder, left);
    peers.remove(killed).close();
    Path log = logOf(folder);
    Folders.delete(left.resolve(folder.relativize(log)));
    RaftMetadataTest.copy(log, left.resolve(folder.relativize(log)));
    Folders.delete(folder);
    Files.move(left, folder);

    Await.result(peers.get(living).submit(new SetFeatureLevels(Map.of("meanwhile", 1))));
    RaftMetadata back = Await.result(start(killed, addresses));
    peers.put(killed, back);
    Await.result(back.submit(new SetFeatureLevels(Map.of("after", 1))));
    assertThat(back.image().features()).containsOnlyKeys("before", "meanwhile", "after");
  }

  /** The segments, and whom it has voted for. */
  private static Path logOf(Path raftPath) throws IOException {
    try (Stream<Path> all = Files.walk(raftPath.resolve("log"))) {
      return all.filter(path -> path.endsWith("current")).findFirst().orElseThrow();
    }
  }

  @Test
  void aBrokerWithoutAVoteFollowsAndItsCommandsAndHeartbeatsReachTheLeader() throws IOException {
    Map<Integer, HostPort> all = freePorts(2);
    Map<Integer, HostPort> voters = Map.of(0, all.get(0));
    CompletableFuture<RaftMetadata> follower = start(1, all.get(1), voters);
    peers.put(0, Await.result(start(0, voters)));
    peers.put(1, Await.result(follower));
    RaftMetadata without = peers.get(1);
    long epoch =
        Await.result(without.submit(new RegisterBroker(1, new UUID(1, 1), "localhost", 9092, null)))
            .valueOrThrow();
    Await.until("both see it", () -> peers.get(0).image().broker(1) != null);
    assertThat(without.leads()).isFalse();
    for (RaftMetadata peer : peers.values()) {
      assertQuorum(peer, all);
    }

    for (RaftMetadata peer : peers.values()) {
      HeartbeatReply reply = Await.result(peer.heartbeat(new Heartbeat(1, epoch, false)));
      assertThat(reply.verdict()).isEqualTo(Verdict.GRANTED);
      assertThat(reply.lease()).isEqualTo(MetadataConfig.DEFAULT_LEASE);
      assertThat(reply.exportedIndex()).as("has exported it").isNotNegative();
    }
    Await.result(without.submit(new RegisterBroker(1, new UUID(2, 2), "localhost", 9092, null)));
    assertThat(Await.result(without.heartbeat(new Heartbeat(1, epoch, false))).verdict())
        .isEqualTo(Verdict.REPLACED);

    peers.remove(1).close();
    Await.result(peers.get(0).submit(new SetFeatureLevels(Map.of("meanwhile", 1))));
    RaftMetadata back = Await.result(start(1, all.get(1), voters));
    peers.put(1, back);
    Await.until("it has caught up", () -> back.image().features().containsKey("meanwhile"));
  }

  /** Broker 0 leads and votes, broker 1 follows without a vote and has all there is. */
  private static void assertQuorum(RaftMetadata asked, Map<Integer, HostPort> addresses) {
    Await.until("it has all", () -> isLevel(asked));
    MetadataQuorum quorum = quorum(asked);
    assertThat(quorum.leader()).isZero();
    assertThat(quorum.term()).isPositive();
    assertThat(quorum.committedIndex()).isBetween(0L, quorum.lastIndex());
    assertThat(quorum.members())
        .extracting(
            MetadataQuorum.Member::broker,
            MetadataQuorum.Member::votes,
            MetadataQuorum.Member::address)
        .containsExactly(tuple(0, true, addresses.get(0)), tuple(1, false, addresses.get(1)));
  }

  private static MetadataQuorum quorum(RaftMetadata asked) {
    return Await.result(asked.quorum());
  }

  private static boolean isLevel(RaftMetadata asked) {
    MetadataQuorum quorum = quorum(asked);
    return quorum.members().stream().allMatch(member -> member.lastIndex() == quorum.lastIndex());
  }
}
