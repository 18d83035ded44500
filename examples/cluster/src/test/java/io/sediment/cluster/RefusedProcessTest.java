package io.sediment.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.cluster.torture.FreePorts;
import io.sediment.cluster.torture.LoopbackSettings;
import io.sediment.runtime.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
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
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir Path folder;
  private final FreePorts ports = new FreePorts();
  private final List<Process> started = new ArrayList<>();

  /** A broker as its own process. */
  private record Running(Process process, URI ready, Path log) {
    boolean isReady() {
      return status() == 200;
    }

    /** The answer when it is asked whether it is ready; -1 where there is none. */
    int status() {
      try {
        HttpResponse<Void> answer =
            HTTP.send(HttpRequest.newBuilder(ready).build(), BodyHandlers.discarding());
        return answer.statusCode();
      } catch (IOException notYet) {
        return -1;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

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
    Running only = start(voter.with("RAFT_PEERS", peers).environment());
    Await.until("the voter serves", only::isReady);
    Running older = start(settings(1, "raft-1").with("RAFT_PEERS", peers).environment());
    Await.until("the older one serves", older::isReady);
    Running newer = start(settings(1, "raft-2").with("RAFT_PEERS", peers).environment());
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
    Running member = start(voter);
    Running newcomer =
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
    assertThat(linesOf(member)).noneMatch(line -> line.startsWith("\tat "));
    assertThat(member.status()).isEqualTo(503);
    assertThat(objects()).isEqualTo(before);
  }

  private static List<String> linesOf(Running broker) {
    try {
      return Files.readAllLines(broker.log());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> waiting(Running broker) {
    return linesOf(broker).stream()
        .filter(line -> line.contains(" Registration - broker 0 is not registered yet"))
        .toList();
  }

  /** What is said of a voter whose port is closed. */
  private static String notThere(Map<String, String> environment, int broker) {
    return environment.get("RAFT_PEERS").split(",")[broker]
        + " (java.net.ConnectException: Connection refused)";
  }

  private void assertEnds(Running broker, int status, String why) throws Exception {
    assertThat(broker.process().waitFor(MINUTES_MAX, TimeUnit.MINUTES)).isTrue();
    List<String> lines = linesOf(broker);
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

  private Running start(Map<String, String> environment) throws IOException {
    Path log = folder.resolve("broker-" + started.size() + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    started.add(process);
    URI ready = URI.create("http://127.0.0.1:" + environment.get("HTTP_PORT") + "/health/ready");
    return new Running(process, ready, log);
  }
}
