package io.sediment.frontend;

import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.group.GroupCoordinators;
import io.sediment.frontend.group.GroupHandlers;
import io.sediment.frontend.group.GroupSettings;
import io.sediment.frontend.handler.ApiHandler;
import io.sediment.frontend.handler.DataHandlers;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.handler.HandlerRegistry;
import io.sediment.frontend.handler.TopicIds;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.frontend.net.BrokerServer;
import io.sediment.frontend.net.BrokerServerConfig;
import io.sediment.frontend.partition.BatchPreparer;
import io.sediment.frontend.partition.FollowedPartitions;
import io.sediment.frontend.partition.PartitionLane;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.partition.ProducersAhead;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.function.IntSupplier;
import java.util.random.RandomGenerator;

/**
 * The Kafka side of one broker, wired: partition logs that follow the metadata, the handlers, and
 * the server in front of them.
 */
public final class KafkaFrontend implements AutoCloseable {
  /**
   * What the operator decides.
   *
   * @param brokerEpoch of this process's registration, for the commands it submits
   * @param workerThreads for decompression and rewriting
   */
  public record Config(
      int brokerId,
      long brokerEpoch,
      BrokerServerConfig server,
      FrontendSettings settings,
      GroupSettings groups,
      GroupConfigDefinitions groupConfigs,
      BrokerConfigs brokerConfigs,
      int workerThreads) {}

  /**
   * What the process around it provides.
   *
   * @param lane the lane that is open for appending, in its epoch
   * @param followed what others lead and this broker serves to consumers of its rack
   * @param chance for ids of topics and fetch sessions
   * @param produceThrottleMs asked after each produce: how long its client shall pause, 0 for not
   */
  public record Environment(
      ClusterMetadata metadata,
      PartitionLane lane,
      FollowedPartitions followed,
      Scheduler scheduler,
      Ticker ticker,
      InstantSource clock,
      RandomGenerator chance,
      IntSupplier produceThrottleMs,
      MemoryBudget budget,
      MeterRegistry meters) {
    /** For a broker that serves what it leads and nothing else. */
    public Environment(
        ClusterMetadata metadata,
        PartitionLane lane,
        Scheduler scheduler,
        Ticker ticker,
        InstantSource clock,
        RandomGenerator chance,
        IntSupplier produceThrottleMs,
        MemoryBudget budget,
        MeterRegistry meters) {
      this(
          metadata,
          lane,
          FollowedPartitions.NONE,
          scheduler,
          ticker,
          clock,
          chance,
          produceThrottleMs,
          budget,
          meters);
    }
  }

  private final PartitionLogs logs;
  private final GroupCoordinators groups;
  private final ExecutorService workers;
  private final BrokerServer server;

  private KafkaFrontend(
      PartitionLogs logs, GroupCoordinators groups, ExecutorService workers, BrokerServer server) {
    this.logs = logs;
    this.groups = groups;
    this.workers = workers;
    this.server = server;
  }

  /**
   * Starts to serve; clients can connect when this returns.
   *
   * @param moreHandlers of APIs that are not about records, such as those for administrators
   */
  public static KafkaFrontend start(
      Config config, Environment environment, List<? extends ApiHandler<?, ?>> moreHandlers)
      throws InterruptedException {
    PartitionLogs logs =
        new PartitionLogs(
            config.brokerId(),
            environment.metadata(),
            environment.lane(),
            (image, topic) ->
                new ConfigView(image, config.brokerId(), config.brokerConfigs())
                    .effectiveTopic(topic.configs()),
            environment.clock());
    return start(config, environment, logs, moreHandlers);
  }

  /** Like the other one, for handlers that need the partition logs themselves. */
  public static KafkaFrontend start(
      Config config,
      Environment environment,
      PartitionLogs logs,
      List<? extends ApiHandler<?, ?>> moreHandlers)
      throws InterruptedException {
    ProducersAhead.start(logs, environment.scheduler());
    ExecutorService workers = NamedThreads.pool("kafka-worker", config.workerThreads());
    GroupCoordinators groups =
        new GroupCoordinators(
            config.brokerId(),
            config.groups(),
            config.groupConfigs(),
            new GroupCoordinators.Environment(
                environment.metadata(),
                logs,
                environment.scheduler(),
                environment.clock(),
                environment.ticker(),
                environment.meters()));
    try {
      List<ApiHandler<?, ?>> handlers =
          new ArrayList<>(
              DataHandlers.all(
                  new DataHandlers.Parts(
                      config.brokerId(),
                      config.brokerEpoch(),
                      environment.metadata(),
                      logs,
                      environment.followed(),
                      new BatchPreparer(environment.clock()),
                      workers,
                      environment.scheduler(),
                      environment.ticker(),
                      environment.clock(),
                      environment.chance(),
                      environment.produceThrottleMs(),
                      config.settings())));
      handlers.addAll(
          GroupHandlers.all(
              environment.metadata(), groups, () -> TopicIds.draw(environment.chance())));
      handlers.addAll(moreHandlers);
      BrokerServer server =
          BrokerServer.start(
              config.server(),
              HandlerRegistry.withApiVersions(handlers, environment.metadata(), config.brokerId()),
              environment.budget(),
              environment.ticker(),
              environment.meters());
      return new KafkaFrontend(logs, groups, workers, server);
    } catch (RuntimeException | InterruptedException | Error e) {
      groups.close();
      workers.shutdown();
      logs.close();
      throw e;
    }
  }

  /** The port clients connect to. */
  public int port() {
    return server.port();
  }

  public PartitionLogs logs() {
    return logs;
  }

  /**
   * While this broker has no lease, its clients are to bootstrap elsewhere: they would read here
   * who led yesterday.
   */
  public void turnAway(boolean turnAway) {
    server.turnAway(turnAway);
  }

  /** Stops listening, answers what is under way within the drain timeout, and lets go of all. */
  @Override
  public void close() {
    server.close();
    groups.close();
    logs.close();
    workers.shutdown();
  }
}
