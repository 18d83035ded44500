package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.Await;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Brokers that cannot, or must not, go on beside others. */
class SplitBrainTest {
  private static final String TOPIC = "t";
  private static final int PARTITIONS = 6;

  @TempDir Path folder;
  private final FreePorts ports = new FreePorts();

  @Test
  void aBrokerThatReachesTheBucketButNoMajoritySendsItsClientsAwayUntilItDoes() throws Exception {
    try (InProcessCluster cluster = new InProcessCluster(folder)) {
      try (Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
        admin.createTopics(List.of(new NewTopic(TOPIC, PARTITIONS, (short) 3))).all().get();
      }
      try (PartitionLoad load = new PartitionLoad(cluster.bootstrap(), TOPIC, PARTITIONS);
          Socket client = new Socket("127.0.0.1", cluster.port(2))) {
        load.awaitMoreOfEach();
        cluster.stop(0);
        load.awaitMoreOfEach();
        assertThat(client.getInputStream().available()).isZero();
        cluster.stop(1);
        Await.until("the connection that was there is closed", () -> isClosedByPeer(client));
        Await.until("new ones are closed at once", () -> isClosedByPeer(cluster.port(2)));
        cluster.start(0);
        load.awaitMoreOfEach();
        load.endAndReadBack();
      }
    }
  }

  private static boolean isClosedByPeer(int port) {
    try (Socket client = new Socket("127.0.0.1", port)) {
      return isClosedByPeer(client);
    } catch (IOException refused) {
      return true;
    }
  }

  private static boolean isClosedByPeer(Socket client) {
    try {
      client.setSoTimeout(50);
      return client.getInputStream().read() < 0;
    } catch (SocketTimeoutException open) {
      return false;
    } catch (IOException reset) {
      return true;
    }
  }

  @Test
  void ofTwoProcessesWithOneBrokerIdTheOlderEnds() throws Exception {
    String voter = "127.0.0.1:" + ports.take();
    try (Broker only = start(environment("0", "raft-0", voter, "0=" + voter));
        Broker older = start(environment("1", "raft-1", ownRaftAddress(), "0=" + voter));
        Broker newer = start(environment("1", "raft-2", ownRaftAddress(), "0=" + voter))) {
      Throwable end = Await.result(CompletableFuture.supplyAsync(older::awaitEnd));
      assertThat(end).isInstanceOf(TakenOverException.class);
      assertThat(end).message().hasLineCount(1).contains("registered as broker 1");
      assertThat(Main.exitStatus(end)).isEqualTo(3);
      assertThat(newer).isNotNull();
      assertThat(only).isNotNull();
    }
  }

  @Test
  void whoDoesNotBelongToTheBucketIsRefusedAndWritesNothing() throws Exception {
    String voter = "127.0.0.1:" + ports.take();
    start(environment("0", "raft-0", voter, "0=" + voter)).close();
    Map<String, String> elsewhere = environment("0", "raft-9", voter, "0=" + voter);
    elsewhere.put("DATA_PATH", folder.resolve("another-bucket").toString());
    start(elsewhere).close();

    Map<String, String> wrongCluster = environment("0", "raft-0", voter, "0=" + voter);
    wrongCluster.put("CLUSTER_ID", "another-cluster");
    assertRefused(wrongCluster, "CLUSTER_ID=another-cluster");
    assertRefused(environment("0", "raft-9", voter, "0=" + voter), "the folder RAFT_PATH");
    assertRefused(environment("0", "raft-empty", voter, "0=" + voter), "RECOVER_FROM_BUCKET=true");
    assertRefused(
        environment("1", "raft-0", ownRaftAddress(), "0=" + voter), "belongs to broker 0");
  }

  private void assertRefused(Map<String, String> environment, String why) throws IOException {
    Map<Path, Long> before = objects();
    Throwable refusal = catchThrowable(() -> start(environment).close());
    assertThat(refusal).isNotNull();
    assertThat(refusal).message().hasLineCount(1).contains(why);
    assertThat(Main.exitStatus(refusal)).isEqualTo(2);
    assertThat(objects()).isEqualTo(before);
  }

  /** When each was written last. */
  private Map<Path, Long> objects() throws IOException {
    Map<Path, Long> objects = new HashMap<>();
    for (Path object : FilesAtWork.in(folder.resolve("data"))) {
      objects.put(object, Files.getLastModifiedTime(object).toMillis());
    }
    assertThat(objects).isNotEmpty();
    return objects;
  }

  private String ownRaftAddress() {
    return "127.0.0.1:" + ports.take();
  }

  private Map<String, String> environment(
      String brokerId, String raftFolder, String raftAddress, String peers) {
    return new LoopbackSettings(ports)
        .with("BROKER_ID", brokerId)
        .with("RAFT_LISTEN_ADDR", raftAddress)
        .with("RAFT_PEERS", peers)
        .with("RAFT_PATH", folder.resolve(raftFolder))
        .with("DATA_PATH", folder.resolve("data"))
        .environment();
  }

  private static Broker start(Map<String, String> environment) throws Exception {
    return Broker.start(BrokerSettings.from(environment));
  }
}
