package io.sediment.metadata.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.metadata.liveness.BrokerLease;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.LeaseKeeper;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Await;
import io.sediment.runtime.FreePorts;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A broker without a vote reaches the Raft leader, which does not reach it: behind a firewall that
 * was set up wrong, say. A voter that hears nothing forgets whom to send heartbeats to; Ratis's
 * listeners never do.
 */
class UnheardListenerTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LEASE = Duration.ofMillis(400);

  private final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test-metadata", 2);
  private final ObjectStore store = new MemoryObjectStore(scheduler);
  private final ExecutorService starters = Executors.newFixedThreadPool(2);
  private final List<AutoCloseable> open = new ArrayList<>();
  private final BrokerLease lease = new BrokerLease(SystemPorts.ticker());
  private final AtomicLong lost = new AtomicLong();
  @TempDir Path temp;

  @AfterEach
  void stop() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
    starters.shutdown();
    store.close();
    scheduler.close();
  }

  private static HostPort freePort() {
    return new HostPort("127.0.0.1", new FreePorts().take());
  }

  private CompletableFuture<RaftMetadata> start(
      int broker, HostPort listen, HostPort advertised, Map<Integer, HostPort> voters) {
    MetadataConfig config =
        new MetadataConfig(
            broker,
            Optional.empty(),
            listen,
            advertised,
            voters,
            temp.resolve(Integer.toString(broker)),
            false,
            PATIENCE,
            PATIENCE,
            LEASE);
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return RaftMetadata.open(
                config,
                store,
                scheduler,
                SystemPorts.ticker(),
                new Random(broker),
                (lane, incarnation, epoch) -> CompletableFuture.failedFuture(new AssertionError()));
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        },
        starters);
  }

  private void keepLease(RaftMetadata listener, long brokerEpoch) {
    open.add(
        LeaseKeeper.start(
            lease,
            LEASE,
            () -> listener.heartbeat(new Heartbeat(1, brokerEpoch, false)),
            listener::appliedIndex,
            new LeaseKeeper.Listener() {
              @Override
              public void onLost() {
                lost.incrementAndGet();
              }

              @Override
              public void onHeld() {}

              @Override
              public void onReplaced() {
                throw new AssertionError();
              }
            },
            scheduler,
            SystemPorts.ticker()));
  }

  @Test
  void aListenerThatMissesWhatHappensLosesItsLeaseUntilItHasCaughtUp() throws Exception {
    HostPort voter = freePort();
    HostPort behind = freePort();
    CutLine line = new CutLine(behind.port());
    open.add(line);
    CompletableFuture<RaftMetadata> starting =
        start(1, behind, new HostPort("127.0.0.1", line.port()), Map.of(0, voter));
    RaftMetadata leader = Await.result(start(0, voter, voter, Map.of(0, voter)));
    open.add(leader);
    RaftMetadata listener = Await.result(starting);
    open.add(listener);
    long epoch =
        Await.result(
                listener.submit(new RegisterBroker(1, new UUID(1, 1), "localhost", 9092, null)))
            .valueOrThrow();
    keepLease(listener, epoch);
    Await.until("it has a lease", lease::isHeld);

    line.cut();
    Await.result(leader.submit(new SetFeatureLevels(Map.of("unheard", 1))));
    Await.until("it has no lease", () -> !lease.isHeld());
    Await.until(
        "the leader counts it among the dead",
        () -> !leader.leases().isAlive(1, epoch, SystemPorts.ticker().nanoTime()));
    assertThat(listener.image().features()).as("has not heard").isEmpty();

    line.heal();
    Await.until("it has a lease again", lease::isHeld);
    assertThat(listener.image().features()).containsOnlyKeys("unheard");
  }
}
