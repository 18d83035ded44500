package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.Await;
import io.sediment.runtime.FreePorts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a broker's process says, and with which exit status, where it must not go on. */
class RefusedProcessTest {
  private static final long MINUTES_MAX = 5;

  @TempDir Path folder;
  private final FreePorts ports = new FreePorts();
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endAll() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void ofTwoProcessesWithOneBrokerIdTheOlderHalts() throws Exception {
    LoopbackSettings voter = settings(0, "raft-0");
    String peers = "0=" + voter.raftAddress();
    BrokerProcess only = start(voter.with("RAFT_PEERS", peers).environment());
    Await.until("the voter serves", only::isReady);
    BrokerProcess older = start(settings(1, "raft-1").with("RAFT_PEERS", peers).environment());
    Await.until("the older one serves", older::isReady);
    BrokerProcess newer = start(settings(1, "raft-2").with("RAFT_PEERS", peers).environment());
    assertEnds(older, 3, "another process has registered as broker 1");
    Await.until("the newer one serves", newer::isReady);
    assertThat(only.process().isAlive()).isTrue();
  }

  @Test
  void whoDoesNotBelongToTheBucketOrReachesNobodyWritesNothing() throws Exception {
    Map<String, String> voter;
    try (InProcessCluster cluster = new InProcessCluster(folder)) {
      voter = cluster.environment(0);
    }
    Map<String, String> elsewhere =
        settings(0, "raft-9").with("DATA_PATH", folder.resolve("another-bucket")).environment();
    Broker.start(BrokerSettings.from(elsewhere)).close();
    Map<Path, Long> before = objects();

    Map<String, String> wrongCluster = new HashMap<>(voter);
    wrongCluster.put("CLUSTER_ID", "another-cluster");
    assertEnds(start(wrongCluster), 2, "CLUSTER_ID=another-cluster");
    Map<String, String> foreignBucket = new HashMap<>(voter);
    foreignBucket.put("DATA_PATH", elsewhere.get("DATA_PATH"));
    assertEnds(start(foreignBucket), 2, "the folder RAFT_PATH");

    // Side by side, since they wait for a minute.
    BrokerProcess member = start(voter);
    BrokerProcess newcomer =
        start(settings(7, "raft-7").with("RAFT_PEERS", voter.get("RAFT_PEERS")).environment());
    LoopbackSettings founder =
        settings(0, "raft-8")
            .with("RAFT_PEERS", "0=127.0.0.1:1,1=127.0.0.1:2,2=127.0.0.1:3")
            .with("DATA_PATH", folder.resolve("new-bucket"));
    assertEnds(start(founder.environment()), 2, "waited PT1M for the vote of broker 1");
    assertEnds(newcomer, 2, "do not answer");
    assertThat(member.process().isAlive()).as("it waits for the others to come back").isTrue();
    Await.until("it says whom it waits for", () -> !waiting(member).isEmpty());
    assertThat(waiting(member))
        .allSatisfy(line -> assertThat(line).contains(notThere(voter, 1), notThere(voter, 2)));
    assertThat(member.lines()).noneMatch(line -> line.startsWith("\tat "));
    assertThat(member.status()).isEqualTo(503);
    assertThat(objects()).isEqualTo(before);
  }

  private static List<String> waiting(BrokerProcess broker) {
    return broker.lines().stream()
        .filter(line -> line.contains(" Registration - broker 0 is not registered yet"))
        .toList();
  }

  /** What is said of a voter whose port is closed. */
  private static String notThere(Map<String, String> environment, int broker) {
    return environment.get("RAFT_PEERS").split(",")[broker]
        + " (java.net.ConnectException: Connection refused)";
  }

  private void assertEnds(BrokerProcess broker, int status, String why) throws Exception {
    assertThat(broker.process().waitFor(MINUTES_MAX, TimeUnit.MINUTES)).isTrue();
    List<String> lines = broker.lines();
    assertThat(broker.process().exitValue()).as(String.join("\n", lines)).isEqualTo(status);
    assertThat(lines.get(lines.size() - 1)).contains(" ERROR ", "Main - ", why);
    assertThat(lines).filteredOn(line -> line.contains(" ERROR ")).hasSize(1);
    assertThat(lines).noneMatch(line -> line.startsWith("\tat "));
  }

  /** When each was written last. */
  private Map<Path, Long> objects() throws IOException {
    Map<Path, Long> objects = new HashMap<>();
    for (String bucket : List.of("data", "another-bucket")) {
      for (Path object : FilesAtWork.in(folder.resolve(bucket))) {
        objects.put(object, Files.getLastModifiedTime(object).toMillis());
      }
    }
    assertThat(objects).isNotEmpty();
    return objects;
  }

  private LoopbackSettings settings(int brokerId, String raftFolder) {
    return new LoopbackSettings(ports)
        .in(folder)
        .with("BROKER_ID", brokerId)
        .with("RAFT_PATH", folder.resolve(raftFolder));
  }

  private BrokerProcess start(Map<String, String> environment) throws IOException {
    Path log = folder.resolve("broker-" + started.size() + ".log");
    BrokerProcess process = BrokerProcess.start(environment, log);
    started.add(process.process());
    return process;
  }
}
