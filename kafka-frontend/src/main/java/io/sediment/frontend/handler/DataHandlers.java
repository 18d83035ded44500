package io.sediment.frontend.handler;

import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.FollowedPartitions;
import io.sediment.frontend.partition.OffsetSearch;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;

/** Builds the handlers of everything that is about records and where they are. */
public final class DataHandlers {
  /** What these handlers work with. */
  public record Parts(
      int brokerId,
      long brokerEpoch,
      ClusterMetadata metadata,
      PartitionLogs logs,
      FollowedPartitions followed,
      BatchPreparer preparer,
      Executor workers,
      Scheduler scheduler,
      Ticker ticker,
      InstantSource clock,
      RandomGenerator chance,
      IntSupplier produceThrottleMs,
      FrontendSettings settings) {}

  private DataHandlers() {}

  public static List<ApiHandler<?, ?>> all(Parts parts) {
    ReplicaView replicas = new ReplicaView(parts.brokerId());
    return List.of(
        new ProduceHandler(
            parts.metadata(),
            parts.logs(),
            parts.preparer(),
            parts.workers(),
            parts.scheduler(),
            parts.ticker(),
            parts.clock(),
            parts.produceThrottleMs()),
        new FetchHandler(
            parts.metadata(),
            parts.logs(),
            parts.followed(),
            replicas,
            parts.scheduler(),
            parts.ticker(),
            parts.chance(),
            parts.settings()),
        new MetadataHandler(
            parts.metadata(),
            replicas,
            parts.settings(),
            new LeadersToCome(parts.metadata(), parts.scheduler(), parts.ticker()),
            () -> TopicIds.draw(parts.chance())),
        new ListOffsetsHandler(
            parts.metadata(), parts.logs(), new OffsetSearch(parts.workers(), parts.clock())),
        new OffsetForLeaderEpochHandler(parts.metadata(), parts.logs()),
        new InitProducerIdHandler(
            new ProducerIds(parts.metadata(), parts.brokerId(), parts.brokerEpoch())),
        new DescribeProducersHandler(parts.metadata(), parts.logs()));
  }
}
