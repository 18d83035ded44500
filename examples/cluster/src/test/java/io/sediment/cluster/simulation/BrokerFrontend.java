package io.sediment.cluster.simulation;

import io.sediment.frontend.admin.DeleteRecordsHandler;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.DataHandlers;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.EnginePartitionLane;
import io.sediment.frontend.partition.FollowedPartitions;
import io.sediment.frontend.partition.LanesAhead;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.frontend.partition.PlacedPartitionLane;
import io.sediment.frontend.retention.RetentionLoop;
import io.sediment.lsm.lane.Lane;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.simulation.SimScheduler;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.apache.kafka.common.protocol.ApiKeys;
import org.jspecify.annotations.Nullable;

/** What a process has for clients: the logs of the partitions that it leads, and handlers. */
final class BrokerFrontend {
  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final Map<ApiKeys, ApiHandler<?, ?>> handlers = new EnumMap<>(ApiKeys.class);

  private BrokerFrontend(ClusterMetadata metadata, PartitionLogs logs) {
    this.metadata = metadata;
    this.logs = logs;
  }

  /** Serves {@code lane}; with peers only under a lease, and what they lead to those nearby. */
  static BrokerFrontend start(
      int id,
      long brokerEpoch,
      SimScheduler process,
      ClusterMetadata metadata,
      Lane lane,
      @Nullable BrokerPeers peers,
      TopicConfigs topicConfigs,
      BrokerMutant mutant) {
    EarlyAnswers early = new EarlyAnswers();
    LanesAhead.start(id, metadata, lane::lookAhead);
    PartitionLogs logs =
        new PartitionLogs(
            id,
            metadata,
            mutant.spoil(
                new PlacedPartitionLane(new EnginePartitionLane(lane), metadata, lane::storedLane),
                process,
                early),
            topicConfigs,
            process,
            () -> peers == null || peers.isLeaseHeld());
    RetentionLoop.start(
        new LaneId(lane.id().value()),
        metadata,
        logs,
        topicConfigs,
        lane::reclaim,
        process,
        process,
        Duration.ofSeconds(2),
        RetentionLoop.NO_BUDGET);
    FollowedPartitions nearby = peers == null ? FollowedPartitions.NONE : peers.follow(lane);
    DataHandlers.Parts parts =
        new DataHandlers.Parts(
            id,
            brokerEpoch,
            mutant.spoil(metadata),
            logs,
            nearby,
            new BatchPreparer(process),
            process,
            process,
            process,
            process,
            process.random(),
            () -> 0,
            FrontendSettings.DEFAULTS);
    BrokerFrontend started = new BrokerFrontend(metadata, logs);
    for (ApiHandler<?, ?> handler : DataHandlers.all(parts)) {
      started.serve(mutant.spoilHints(mutant.spoil(handler, early), logs, metadata));
    }
    started.serve(new DeleteRecordsHandler(metadata, logs));
    return started;
  }

  private void serve(ApiHandler<?, ?> handler) {
    handlers.put(handler.key(), handler);
  }

  ClusterMetadata metadata() {
    return metadata;
  }

  PartitionLogs logs() {
    return logs;
  }

  ApiHandler<?, ?> handler(ApiKeys key) {
    ApiHandler<?, ?> known = handlers.get(key);
    if (known == null) {
      throw new IllegalStateException("not served: " + key);
    }
    return known;
  }
}
