package io.sediment.metadata.bucket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.SimThread;
import io.sediment.simulation.Simulation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BucketStartTest {
  private static final Duration LIMIT = Duration.ofMinutes(5);
  private static final String CLUSTER_ID = "born-once";

  private final Simulation simulation = new Simulation(1);
  private final SimObjectStore bucket = new SimObjectStore(simulation, FaultPlan.none());

  @AfterEach
  void endThreads() {
    simulation.close();
  }

  @Test
  void aBucketWhoseOnlyVoterDiedBeforeTheFirstExportCanBeRecovered() {
    createdAndNeverExported(1, 0);
    BucketStart.Started started = start(0, List.of(0), true);
    assertThat(started.incarnation().number()).isEqualTo(2);
    assertThat(started.incarnation().clusterId()).isEqualTo(CLUSTER_ID);
    assertThat(started.exported().image().incarnation()).isEqualTo(2);
  }

  @Test
  void aRecoveryThatDiedBeforeItsFirstExportCanBeRecoveredToo() {
    start(0, List.of(0), false);
    createdAndNeverExported(2, 0);
    assertThat(start(0, List.of(0), true).incarnation().number()).isEqualTo(3);
  }

  @Test
  void unlessAskedNobodyRecovers() {
    createdAndNeverExported(1, 0);
    assertThatThrownBy(() -> start(0, List.of(0), false))
        .hasRootCauseInstanceOf(MetadataUnavailableException.class);
    assertThat(newest().number()).isEqualTo(1);
  }

  @Test
  void ofSeveralVotersNoneTakesASlowCreatorForDead() {
    createdAndNeverExported(1, 0, 1, 2);
    assertThatThrownBy(() -> start(1, List.of(0, 1, 2), true))
        .hasRootCauseInstanceOf(MetadataUnavailableException.class);
    assertThat(newest().number()).isEqualTo(1);
  }

  /**
   * What a broker leaves that dies right after creating an incarnation, its folder lost as well.
   */
  private void createdAndNeverExported(long number, Integer... voters) {
    String clusterId = number == 1 ? CLUSTER_ID : newest().clusterId();
    Incarnation wanted =
        new Incarnation(
            number, clusterId, new UUID(number, 1), new UUID(number, 2), List.of(voters));
    SimScheduler process = simulation.process("creator of " + number);
    CompletableFuture<Incarnation> created =
        new IncarnationRegister(bucket.forProcess(process), process).create(wanted);
    assertThat(simulation.await(created, LIMIT, "created")).isEqualTo(wanted);
    process.crash();
  }

  private Incarnation newest() {
    SimScheduler process = simulation.process("reader at " + simulation.now());
    return simulation
        .await(
            new IncarnationRegister(bucket.forProcess(process), process).newest(), LIMIT, "newest")
        .orElseThrow();
  }

  /** A broker with an empty folder. */
  private BucketStart.Started start(int broker, List<Integer> voters, boolean recovers) {
    SimScheduler process = simulation.process("broker-" + broker + " at " + simulation.now());
    ObjectStore store = bucket.forProcess(process);
    Map<Integer, HostPort> peers = new TreeMap<>();
    voters.forEach(voter -> peers.put(voter, new HostPort("broker-" + voter, 1)));
    MetadataConfig config =
        new MetadataConfig(
            broker,
            Optional.empty(),
            new HostPort("localhost", 1),
            new HostPort("localhost", 1),
            peers,
            Path.of("simulated"),
            recovers,
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            MetadataConfig.DEFAULT_LEASE);
    CompletableFuture<BucketStart.Started> started =
        SimThread.start(
            process,
            waiter ->
                new BucketStart(
                        config,
                        store,
                        process,
                        waiter,
                        process.random(),
                        (lane, incarnation, epochMin) ->
                            CompletableFuture.failedFuture(new AssertionError("no lanes")),
                        (incarnation, newest) -> {
                          throw new AssertionError("nobody lost a folder");
                        },
                        new Folder(),
                        new UUID(7, process.random().nextLong()))
                    .start());
    return simulation.await(started, LIMIT, "started");
  }

  private static final class Folder implements BucketStart.IdentityFile {
    private @Nullable FolderIdentity identity;

    @Override
    public Optional<FolderIdentity> read() {
      return Optional.ofNullable(identity);
    }

    @Override
    public void write(FolderIdentity next) {
      identity = next;
    }
  }
}
