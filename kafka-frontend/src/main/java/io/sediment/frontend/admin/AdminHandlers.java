package io.sediment.frontend.admin;

import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.ReplicaView;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataQuorum;
import io.sediment.runtime.Scheduler;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Builds the handlers of everything that is about topics, configs and the cluster. */
public final class AdminHandlers {
  private AdminHandlers() {}

  /**
   * @param storeName where the data lies, for people
   * @param defaultPartitions of topics whose creator does not say
   * @param newTopicIds never one that was drawn before
   * @param quorum asks who keeps the metadata log
   */
  public static List<ApiHandler<?, ?>> all(
      ClusterMetadata metadata,
      PartitionLogs logs,
      int brokerId,
      BrokerConfigs brokerConfigs,
      GroupConfigDefinitions groupConfigs,
      String storeName,
      int defaultPartitions,
      Supplier<UUID> newTopicIds,
      Supplier<CompletableFuture<MetadataQuorum>> quorum,
      Scheduler scheduler,
      InstantSource clock) {
    ReplicaView replicas = new ReplicaView(brokerId);
    return List.of(
        new CreateTopicsHandler(metadata, brokerId, brokerConfigs, defaultPartitions, newTopicIds),
        new DeleteTopicsHandler(metadata),
        new CreatePartitionsHandler(metadata),
        new DescribeConfigsHandler(metadata, brokerId, brokerConfigs, groupConfigs),
        new AlterConfigsHandler(metadata, groupConfigs),
        new IncrementalAlterConfigsHandler(metadata, groupConfigs),
        new ListConfigResourcesHandler(metadata),
        new DescribeClusterHandler(metadata, brokerId),
        new DescribeTopicPartitionsHandler(metadata, replicas),
        new AlterPartitionReassignmentsHandler(metadata),
        new ListPartitionReassignmentsHandler(metadata, replicas),
        new ElectLeadersHandler(metadata, scheduler),
        new DescribeQuorumHandler(quorum, clock),
        new UnregisterBrokerHandler(metadata),
        new DeleteRecordsHandler(metadata, logs),
        new DescribeLogDirsHandler(logs, storeName));
  }
}
