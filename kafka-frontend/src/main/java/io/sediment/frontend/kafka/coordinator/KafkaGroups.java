package io.sediment.frontend.kafka.coordinator;

import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.frontend.coordinator.Coordinator;
import io.sediment.frontend.coordinator.LoadListener;
import io.sediment.frontend.group.Groups;
import io.sediment.frontend.handler.ClientInfo;
import io.sediment.frontend.handler.RequestContext;
import io.sediment.frontend.partition.PartitionLog;
import io.sediment.metadata.ConfigResource;
import io.sediment.metadata.MetadataImage;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResult;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResultCollection;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.StreamsGroupDescribeResponseData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.network.ClientInformation;
import org.apache.kafka.common.network.ListenerName;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.security.auth.KafkaPrincipal;
import org.apache.kafka.common.security.auth.SecurityProtocol;
import org.apache.kafka.common.utils.internals.BufferSupplier;
import org.apache.kafka.coordinator.common.runtime.CoordinatorLoader.LoadSummary;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupConfigManager;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.GroupCoordinatorService;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.apache.kafka.server.util.timer.SystemTimer;
import org.apache.kafka.server.util.timer.SystemTimerReaper;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Kafka's group coordinator for one life of {@code __consumer_offsets}: a topic of that name with
 * another number of partitions needs another one.
 */
public final class KafkaGroups implements Groups, Coordinator, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(KafkaGroups.class);
  private static final int LOADER_THREADS = 2;
  private static final long END_SECONDS_MAX = 30;

  /** What the coordinator works with. */
  public record Environment(
      Scheduler scheduler, InstantSource clock, Ticker ticker, MeterRegistry meters) {}

  private final CoordinatorLogs logs = new CoordinatorLogs();
  private final KRaftImages images = new KRaftImages();
  private final Metrics unread = new Metrics();
  private final ExecutorService loaderThreads =
      NamedThreads.pool("group-coordinator-loader", LOADER_THREADS);
  private final CoordinatorLogLoader<CoordinatorRecord> loader;
  private final RuntimeMeters meters;
  private final GroupCoordinator coordinator;
  private @Nullable MetadataImage followed; // by follow alone

  private KafkaGroups(
      int brokerId, GroupConfigDefinitions configs, Environment environment, LoadListener loads) {
    this.meters = new RuntimeMeters(environment.meters(), "kafka.group.coordinator");
    this.loader =
        new CoordinatorLogLoader<>(
            logs,
            new GroupCoordinatorRecordSerde(),
            loaderThreads,
            environment.scheduler(),
            environment.clock(),
            outcome(loads));
    this.coordinator =
        new GroupCoordinatorService.Builder(brokerId, configs.coordinator())
            .withTime(new InjectedTime(environment.clock(), environment.ticker()))
            .withTimer(
                new SystemTimerReaper(
                    "group-coordinator-reaper", new SystemTimer("group-coordinator")))
            .withLoader(loader)
            .withWriter(new CoordinatorLogWriter(logs))
            .withCoordinatorRuntimeMetrics(meters)
            .withGroupCoordinatorMetrics(
                new GroupCoordinatorMetrics(new com.yammer.metrics.core.MetricsRegistry(), unread))
            .withGroupConfigManager(new GroupConfigManager(configs.coordinator(), configs.share()))
            .withPersister(new NoOpStatePersister()) // for share groups, which are not served
            .withAuthorizerPlugin(Optional.empty())
            .withPartitionMetadataClient(new NoPartitionMetadata())
            .build();
  }

  /**
   * Starts without a partition: elections come next.
   *
   * @param partitionCount of the topic, which is what it will be as long as this lives
   * @param image the metadata to begin with
   */
  public static KafkaGroups start(
      int brokerId,
      int partitionCount,
      GroupConfigDefinitions configs,
      MetadataImage image,
      Environment environment,
      LoadListener loads) {
    KafkaGroups groups = new KafkaGroups(brokerId, configs, environment, loads);
    groups.coordinator.startup(() -> partitionCount);
    groups.follow(image);
    return groups;
  }

  private LogReplay.Outcome outcome(LoadListener loads) {
    return new LogReplay.Outcome() {
      @Override
      public void loaded(PartitionLog loaded, LoadSummary summary) {
        log.info(
            "groups of {} are loaded: records={} bytes={} ms={}",
            loaded,
            summary.numRecords(),
            summary.numBytes(),
            summary.endTimeMs() - summary.startTimeMs());
        loads.loadSucceeded(loaded);
      }

      @Override
      public void failed(PartitionLog failed, Throwable cause) {
        meters.loadFailed();
        loads.loadFailed(failed, cause);
      }

      @Override
      public void notCarriedOver(PartitionLog loaded, Throwable cause) {
        meters.carryOverFailed();
        log.warn(
            "groups of {} are loaded, but stay in older lanes until the next load: {}",
            loaded,
            cause.toString());
      }
    };
  }

  // Leadership, one call at a time.

  @Override
  public void onElection(PartitionLog elected) {
    logs.elect(elected);
    coordinator.onElection(elected.id().partition(), elected.leaderEpoch());
  }

  @Override
  public void onResignation(PartitionLog resigned) {
    logs.resign(resigned);
    loader.giveUp(resigned.id().partition());
    // Without an epoch: whatever is in memory goes, also for an election under the same epoch.
    coordinator.onResignation(resigned.id().partition(), OptionalInt.empty());
  }

  // Metadata, one call at a time.

  /**
   * Brings the coordinator up to {@code image}. Waits, where topics were deleted, until their
   * offsets are: for a thread of its own.
   */
  public void follow(MetadataImage image) {
    followConfigs(image);
    KRaftImages.Step step = images.advance(image);
    if (step != null) {
      coordinator.onMetadataUpdate(step.delta(), step.image());
    }
    followed = image;
  }

  private void followConfigs(MetadataImage image) {
    Map<String, Map<String, String>> before =
        followed == null ? Map.of() : configsOfGroups(followed);
    Map<String, Map<String, String>> after = configsOfGroups(image);
    after.forEach(
        (group, configs) -> {
          if (!configs.equals(before.get(group))) {
            Properties properties = new Properties();
            properties.putAll(configs);
            coordinator.updateGroupConfig(group, properties);
          }
        });
    before.keySet().stream()
        .filter(group -> !after.containsKey(group))
        .forEach(group -> coordinator.updateGroupConfig(group, new Properties()));
  }

  private static Map<String, Map<String, String>> configsOfGroups(MetadataImage image) {
    Map<String, Map<String, String>> configs = new HashMap<>();
    for (ConfigResource resource : image.configuredResources()) {
      if (resource.type() == ConfigResource.Type.GROUP) {
        configs.put(resource.name(), image.configs(resource));
      }
    }
    return configs;
  }

  // Requests.

  private static org.apache.kafka.common.requests.RequestContext kafkas(RequestContext context) {
    ClientInfo client = context.client();
    return new org.apache.kafka.common.requests.RequestContext(
        context.header(),
        Long.toString(client.connectionId()),
        client.address(),
        KafkaPrincipal.ANONYMOUS,
        new ListenerName(client.listener()),
        SecurityProtocol.PLAINTEXT,
        new ClientInformation(client.softwareName(), client.softwareVersion()),
        false);
  }

  @Override
  public CompletableFuture<JoinGroupResponseData> join(
      RequestContext context, JoinGroupRequestData request) {
    return coordinator.joinGroup(kafkas(context), request, BufferSupplier.NO_CACHING);
  }

  @Override
  public CompletableFuture<SyncGroupResponseData> sync(
      RequestContext context, SyncGroupRequestData request) {
    return coordinator.syncGroup(kafkas(context), request, BufferSupplier.NO_CACHING);
  }

  @Override
  public CompletableFuture<HeartbeatResponseData> heartbeat(
      RequestContext context, HeartbeatRequestData request) {
    return coordinator.heartbeat(kafkas(context), request);
  }

  @Override
  public CompletableFuture<LeaveGroupResponseData> leave(
      RequestContext context, LeaveGroupRequestData request) {
    return coordinator.leaveGroup(kafkas(context), request);
  }

  @Override
  public CompletableFuture<OffsetCommitResponseData> commit(
      RequestContext context, OffsetCommitRequestData request) {
    return coordinator.commitOffsets(kafkas(context), request, BufferSupplier.NO_CACHING);
  }

  @Override
  public CompletableFuture<OffsetFetchResponseGroup> fetch(
      RequestContext context, OffsetFetchRequestGroup request, boolean requireStable) {
    int partition = coordinator.partitionFor(request.groupId());
    PartitionLog loaded = logs.loaded(partition);
    return coordinator
        .fetchOffsets(kafkas(context), request, requireStable)
        .thenApply(
            response -> {
              if (!logs.isNewest(partition, loaded)) {
                throw new NotCoordinatorException("another broker may have answered later commits");
              }
              return response;
            });
  }

  @Override
  public CompletableFuture<OffsetDeleteResponseData> deleteOffsets(
      RequestContext context, OffsetDeleteRequestData request) {
    return coordinator.deleteOffsets(kafkas(context), request, BufferSupplier.NO_CACHING);
  }

  @Override
  public CompletableFuture<ListGroupsResponseData> list(
      RequestContext context, ListGroupsRequestData request) {
    return coordinator.listGroups(kafkas(context), request);
  }

  @Override
  public CompletableFuture<List<DescribeGroupsResponseData.DescribedGroup>> describe(
      RequestContext context, List<String> groupIds) {
    return coordinator.describeGroups(kafkas(context), groupIds);
  }

  /**
   * Groups that other brokers coordinate are answered here: Kafka's coordinator would log an error
   * for each of them, as many as a client has names.
   */
  @Override
  public CompletableFuture<DeletableGroupResultCollection> delete(
      RequestContext context, List<String> groupIds) {
    List<String> here = new ArrayList<>();
    List<String> elsewhere = new ArrayList<>();
    for (String groupId : groupIds) {
      (isForCoordinator(groupId) ? here : elsewhere).add(groupId);
    }
    CompletableFuture<DeletableGroupResultCollection> deleted =
        here.isEmpty()
            ? CompletableFuture.completedFuture(new DeletableGroupResultCollection())
            : coordinator.deleteGroups(kafkas(context), here, BufferSupplier.NO_CACHING);
    return deleted.thenApply(
        results -> {
          for (String groupId : elsewhere) {
            results.add(
                new DeletableGroupResult()
                    .setGroupId(groupId)
                    .setErrorCode(Errors.NOT_COORDINATOR.code()));
          }
          return results;
        });
  }

  /** Also a partition that is still being loaded, for which the answer is another one. */
  private boolean isForCoordinator(String groupId) {
    return logs.isElected(coordinator.partitionFor(groupId));
  }

  @Override
  public CompletableFuture<ConsumerGroupHeartbeatResponseData> consumerHeartbeat(
      RequestContext context, ConsumerGroupHeartbeatRequestData request) {
    return coordinator.consumerGroupHeartbeat(kafkas(context), request);
  }

  @Override
  public CompletableFuture<List<ConsumerGroupDescribeResponseData.DescribedGroup>>
      describeConsumerGroups(RequestContext context, List<String> groupIds) {
    return coordinator.consumerGroupDescribe(kafkas(context), groupIds);
  }

  @Override
  public CompletableFuture<StreamsHeartbeat> streamsHeartbeat(
      RequestContext context, StreamsGroupHeartbeatRequestData request) {
    return coordinator
        .streamsGroupHeartbeat(kafkas(context), request)
        .thenApply(result -> new StreamsHeartbeat(result.data(), result.creatableTopics()));
  }

  @Override
  public CompletableFuture<List<StreamsGroupDescribeResponseData.DescribedGroup>>
      describeStreamsGroups(RequestContext context, List<String> groupIds) {
    return coordinator.streamsGroupDescribe(kafkas(context), groupIds, false);
  }

  /** Ends the coordinator's threads; requests under way are answered with NOT_COORDINATOR. */
  @Override
  public void close() {
    coordinator.shutdown();
    loaderThreads.shutdown();
    try {
      if (!loaderThreads.awaitTermination(END_SECONDS_MAX, TimeUnit.SECONDS)) {
        log.warn("loads of groups do not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    unread.close();
  }
}
