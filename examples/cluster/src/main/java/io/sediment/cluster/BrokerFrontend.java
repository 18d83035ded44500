package io.sediment.cluster;

import io.sediment.frontend.KafkaFrontend;
import io.sediment.frontend.admin.AdminHandlers;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.group.GroupSettings;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.frontend.net.BrokerServerConfig;
import io.sediment.frontend.partition.FollowedLogs;
import io.sediment.frontend.partition.PartitionLane;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.lsm.lane.Lane;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.ratis.RaftMetadata;
import io.sediment.runtime.MemoryBudget.Share;

/** This broker's Kafka side: its settings as the frontend knows them, and what it serves from. */
final class BrokerFrontend {
  private static final int GROUP_MEMBERS_PART = 8;
  private static final int GROUP_THREADS_MAX = 4; // as many as Kafka has

  private BrokerFrontend() {}

  /**
   * @param brokerEpoch of this process's registration
   * @param partitions what {@code logs} append to and read
   */
  static KafkaFrontend start(
      ProcessEnvironment process,
      RaftMetadata metadata,
      long brokerEpoch,
      Lane lane,
      PartitionLane partitions,
      PartitionLogs logs,
      FollowedLogs followed)
      throws InterruptedException {
    BrokerSettings settings = process.settings();
    BrokerConfigs brokerConfigs = new BrokerConfigs(settings.asKafkaConfigs());
    int processors = Runtime.getRuntime().availableProcessors();
    GroupSettings groups = groupSettings(settings, processors);
    GroupConfigDefinitions groupConfigs = new GroupConfigDefinitions(groups);
    long unackedLimitBytes = process.budget().largestReservation(Share.WAL);
    return KafkaFrontend.start(
        new KafkaFrontend.Config(
            settings.brokerId(),
            brokerEpoch,
            BrokerServerConfig.defaults(settings.host(), settings.port(), Math.max(2, processors)),
            frontendSettings(settings),
            groups,
            groupConfigs,
            brokerConfigs,
            processors),
        new KafkaFrontend.Environment(
            metadata,
            partitions,
            followed,
            process.scheduler(),
            process.ticker(),
            process.clock(),
            process.random(),
            () -> ProduceThrottle.pauseMs(lane.unackedBytes(), unackedLimitBytes),
            process.budget(),
            process.meters()),
        logs,
        AdminHandlers.all(
            metadata,
            logs,
            settings.brokerId(),
            brokerConfigs,
            groupConfigs,
            process.stores().name(),
            settings.numPartitions(),
            () -> BucketStart.randomId(process.random()),
            metadata::quorum,
            process.scheduler(),
            process.clock()));
  }

  private static FrontendSettings frontendSettings(BrokerSettings settings) {
    return new FrontendSettings(
        settings.autoCreateTopics(),
        settings.numPartitions(),
        FrontendSettings.DEFAULTS.defaultReplicationFactor(),
        FrontendSettings.DEFAULTS.fetchBytesMax(),
        FrontendSettings.DEFAULTS.fetchSessionsMax());
  }

  private static GroupSettings groupSettings(BrokerSettings settings, int processors) {
    return new GroupSettings(
        settings.groups().offsetsTopicPartitions(),
        Math.min(GROUP_THREADS_MAX, Math.max(2, processors)),
        settings
            .groups()
            .memberBytesMax()
            .orElse(MemoryLimits.budgetBytes(settings) / GROUP_MEMBERS_PART),
        settings.groups().asKafkaConfigs());
  }
}
