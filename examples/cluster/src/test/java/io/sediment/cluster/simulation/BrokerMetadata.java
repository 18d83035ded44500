package io.sediment.cluster.simulation;

import io.sediment.cluster.BucketLaneSealer;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.bucket.ExportRegister;
import io.sediment.metadata.bucket.ExportState;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Waiter;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.SimThread;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a process comes to the metadata of its cluster: it joins a group of several, or starts as the
 * only voter from its disk and the bucket.
 */
final class BrokerMetadata {
  /** What the metadata group has for one broker; no member where there are no others. */
  record Opened(ClusterMetadata log, @Nullable RaftMember member, long incarnation) {}

  private final int id;
  private final SimScheduler process;
  private final ObjectStore store;
  private final SimulatedDisk disk;
  private final @Nullable SimulatedRaft raft;
  private final boolean recovers;
  private final BrokerLanes lanes;
  private final BrokerMutant mutant;

  /**
   * @param raft the group of several; null for an only voter
   * @param recovers whether an only voter may begin a new incarnation
   */
  BrokerMetadata(
      int id,
      SimScheduler process,
      ObjectStore store,
      SimulatedDisk disk,
      @Nullable SimulatedRaft raft,
      boolean recovers,
      BrokerLanes lanes,
      BrokerMutant mutant) {
    this.id = id;
    this.process = process;
    this.store = store;
    this.disk = disk;
    this.raft = raft;
    this.recovers = recovers;
    this.lanes = lanes;
    this.mutant = mutant;
  }

  Opened open(Waiter waiter, UUID writer, Duration limit, Consumer<Throwable> onHalted)
      throws Exception {
    SimulatedRaft group = raft;
    if (group != null) {
      long incarnation = group.started().incarnation().number();
      ExportState exported =
          waiter
              .await(new ExportRegister(store, incarnation, writer).load(), limit)
              .orElseThrow(); // its first image, by who founded it
      RaftMember member = new RaftMember(process, store, group, exported, writer, onHalted);
      group.join(member);
      waiter.await(member.firstImage(), limit);
      return new Opened(member, member, incarnation);
    }
    BucketStart.Started started = bucketStart(waiter, writer).start();
    SimulatedMetadata log =
        new SimulatedMetadata(process, store, disk, started, writer, mutant, onHalted);
    waiter.await(log.lead(), limit);
    return new Opened(log, null, started.incarnation().number());
  }

  /** Makes the bucket a cluster's, or another one's, without serving anybody. */
  CompletableFuture<BucketStart.Started> found() {
    return SimThread.start(
        process, waiter -> bucketStart(waiter, BucketStart.randomId(process.random())).start());
  }

  private BucketStart bucketStart(Waiter waiter, UUID writer) {
    return new BucketStart(
        config(),
        store,
        process,
        waiter,
        process.random(),
        new BucketLaneSealer(
            incarnation -> lanes.environment(incarnation, mutant::spoilRebirth), lanes.config()),
        (joined, newest) -> {
          throw new IllegalStateException("there is one voter, and nobody takes its place");
        },
        disk,
        writer);
  }

  private MetadataConfig config() {
    MetadataConfig.HostPort address = new MetadataConfig.HostPort("broker", 1);
    return new MetadataConfig(
        id,
        Optional.empty(),
        address,
        address,
        Map.of(),
        Path.of("simulated"),
        recovers,
        MetadataConfig.DEFAULT_START_TIMEOUT,
        MetadataConfig.DEFAULT_SUBMIT_TIMEOUT,
        MetadataConfig.DEFAULT_LEASE);
  }
}
