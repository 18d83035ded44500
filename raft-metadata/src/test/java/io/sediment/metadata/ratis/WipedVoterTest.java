package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.SetFeatureLevels;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three voters, one of which comes back with an empty disk. */
class WipedVoterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LEASE = Duration.ofMillis(400); // elections take it as measure
  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test-metadata", 2);
  private final ObjectStore store = new MemoryObjectStore(scheduler);
  private final ExecutorService starters = Executors.newFixedThreadPool(4);
  private final Map<Integer, HostPort> addresses = new TreeMap<>();
  private final Map<Integer, RaftMetadata> peers = new TreeMap<>();
  private final Random random = new Random(1);
  @TempDir Path temp;

  @BeforeEach
  void startAll() throws IOException {
    FreePorts ports = new FreePorts();
    for (int broker = 0; broker < 3; broker++) {
      addresses.put(broker, new HostPort("127.0.0.1", ports.take()));
    }
    Map<Integer, CompletableFuture<RaftMetadata>> starting = new TreeMap<>();
    for (int broker = 0; broker < 3; broker++) {
      starting.put(broker, start(broker, PATIENCE));
    }
    starting.forEach((broker, peer) -> peers.put(broker, Await.result(peer)));
    commit(0, "with-all");
    for (RaftMetadata peer : peers.values()) { // Ratis does not count the votes of empty logs
      Await.until("has it", () -> !peer.image().features().isEmpty());
    }
  }

  @AfterEach
  void stopAll() throws IOException {
    for (RaftMetadata peer : peers.values()) {
      peer.close();
    }
    starters.shutdown();
    store.close();
    scheduler.close();
  }

  private Path folder(int broker) {
    return temp.resolve(Integer.toString(broker));
  }

  private CompletableFuture<RaftMetadata> start(int broker, Duration patience) {
    MetadataConfig config =
        new MetadataConfig(
            broker,
            Optional.empty(),
            addresses.get(broker),
            addresses.get(broker),
            addresses,
            folder(broker),
            false,
            patience,
            PATIENCE,
            LEASE);
    Random drawn = new Random(random.nextLong());
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return RaftMetadata.open(
                config,
                store,
                scheduler,
                SystemPorts.ticker(),
                drawn,
                (lane, incarnation, epoch) -> CompletableFuture.failedFuture(new AssertionError()));
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        },
        starters);
  }

  private void stop(int broker) throws IOException {
    peers.remove(broker).close();
  }

  private void wipe(int broker) throws IOException {
    stop(broker);
    Folders.delete(folder(broker));
  }

  private void commit(int broker, String feature) {
    Await.result(peers.get(broker).submit(new SetFeatureLevels(Map.of(feature, 1))));
  }

  @Test
  void whatWasCommittedWithTheLostDiskOutlivesTheThirdVoter() throws Exception {
    stop(1); // lags
    commit(0, "without-1");
    wipe(2);
    CompletableFuture<RaftMetadata> back = start(2, PATIENCE);
    peers.put(1, Await.result(start(1, PATIENCE)));
    peers.put(2, Await.result(back));
    commit(2, "with-all-again");

    stop(0);
    commit(1, "without-0");
    for (RaftMetadata peer : peers.values()) {
      Await.until(
          "has all that was acknowledged",
          () ->
              peer.image().features().keySet().stream()
                  .sorted()
                  .toList()
                  .equals(List.of("with-all", "with-all-again", "without-0", "without-1")));
    }

    stop(2);
    peers.put(2, Await.result(start(2, PATIENCE)));
    commit(2, "restarted");
    peers.put(0, Await.result(start(0, PATIENCE)));
    commit(0, "all-back");
  }

  @Test
  void withoutAMajorityOfTheOthersAnEmptyFolderIsRefusedAndVotesForNobody() throws Exception {
    stop(1);
    commit(0, "without-1");
    stop(0);
    wipe(2);
    CompletableFuture<RaftMetadata> lagging = start(1, PATIENCE);
    assertThatThrownBy(() -> start(2, Duration.ofSeconds(1)).join())
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            RefusedStartException.class,
            e -> {
              assertThat(e.exitStatus()).isEqualTo(2);
              assertThat(e).message().hasLineCount(1).contains("no majority of the voters");
            });
    peers.put(1, Await.result(lagging));
    assertThat(peers.get(1).leads()).isFalse();

    CompletableFuture<RaftMetadata> wiped = start(2, PATIENCE);
    peers.put(0, Await.result(start(0, PATIENCE)));
    peers.put(2, Await.result(wiped));
    commit(2, "again");
    assertThat(peers.get(2).image().features()).containsOnlyKeys("with-all", "without-1", "again");
  }

  @Test
  void theLostFolderIsRefusedWhenItIsFoundAgain() throws Exception {
    Path found = temp.resolve("found");
    stop(2);
    Files.move(folder(2), found);
    peers.put(2, Await.result(start(2, PATIENCE)));
    stop(2);
    Folders.delete(folder(2));
    Files.move(found, folder(2));
    assertThatThrownBy(() -> start(2, PATIENCE).join())
        .cause()
        .isInstanceOfSatisfying(
            RefusedStartException.class,
            e -> assertThat(e).message().hasLineCount(1).contains("votes with another folder"));
  }
}
