package io.sediment.frontend.rehearsal;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.frontend.handler.DataHandlers;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.handler.HandlerRegistry;
import io.sediment.frontend.net.BrokerServer;
import io.sediment.frontend.net.BrokerServerConfig;
import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.EnginePartitionLane;
import io.sediment.frontend.partition.FollowedPartitions;
import io.sediment.frontend.partition.PartitionHandoff;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PlacedPartitionLane;
import io.sediment.lsm.lane.Lane;
import io.sediment.lsm.lane.LaneEnvironment;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.RegisterBroker;
import java.net.InetAddress;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** What of a broker serves records, with its lane. */
final class PretendedBroker {
  private static final int IO_THREADS = 1;

  private final int id;
  private final long epoch;
  private final PretendedMetadata metadata;
  private final LaneEnvironment environment;
  private final Lane lane;
  private final PartitionLogs logs;
  private final BrokerServer server;

  /**
   * @param lane that is open, and in the metadata
   */
  PretendedBroker(
      int id, long epoch, PretendedMetadata metadata, LaneEnvironment environment, Lane lane)
      throws InterruptedException {
    this.id = id;
    this.epoch = epoch;
    this.metadata = metadata;
    this.environment = environment;
    this.lane = lane;
    logs =
        new PartitionLogs(
            id,
            metadata,
            new PlacedPartitionLane(new EnginePartitionLane(lane), metadata, lane::storedLane),
            (image, topic) -> Map.of(),
            environment.clock());
    String host = InetAddress.getLoopbackAddress().getHostAddress();
    server =
        BrokerServer.start(
            BrokerServerConfig.defaults(host, 0, IO_THREADS),
            HandlerRegistry.withApiVersions(
                DataHandlers.all(
                    new DataHandlers.Parts(
                        id,
                        epoch,
                        metadata,
                        logs,
                        FollowedPartitions.NONE,
                        new BatchPreparer(environment.clock()),
                        environment.scheduler(),
                        environment.scheduler(),
                        environment.ticker(),
                        environment.clock(),
                        environment.random(),
                        () -> 0,
                        FrontendSettings.DEFAULTS)),
                metadata,
                id),
            environment.budget(),
            environment.ticker(),
            new SimpleMeterRegistry());
    metadata.accept(new RegisterBroker(id, new UUID(0, id), host, server.port(), null));
  }

  int port() {
    return server.port();
  }

  CompletableFuture<Integer> handOverAll() {
    return new PartitionHandoff(
            id,
            epoch,
            metadata,
            logs,
            new LaneId(lane.id().value()),
            lane.epoch(),
            lane::flush,
            environment.scheduler())
        .drain();
  }

  CompletableFuture<Void> close() {
    server.close();
    logs.close();
    return lane.close();
  }
}
