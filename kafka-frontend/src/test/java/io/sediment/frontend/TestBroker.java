package io.sediment.frontend;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.frontend.admin.AdminHandlers;
import io.sediment.frontend.config.BrokerConfigs;
import io.sediment.frontend.config.ConfigView;
import io.sediment.frontend.group.GroupSettings;
import io.sediment.frontend.handler.FrontendSettings;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.frontend.net.BrokerServerConfig;
import io.sediment.frontend.net.RawClient;
import io.sediment.frontend.partition.FakeLane;
import io.sediment.frontend.partition.FollowedPartitions;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.frontend.retention.RetentionLoop;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.CreateTopics;
import io.sediment.metadata.InMemoryClusterMetadata;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneOpened;
import io.sediment.metadata.LaneSealed;
import io.sediment.metadata.MetadataConfig.HostPort;
import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.NewTopic;
import io.sediment.metadata.OpenLane;
import io.sediment.metadata.RegisterBroker;
import io.sediment.metadata.RegisterLane;
import io.sediment.metadata.SealLane;
import io.sediment.metadata.Topic;
import io.sediment.runtime.Await;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.SystemPorts;
import io.sediment.runtime.ThreadPoolScheduler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;

/** One broker over a lane in memory, on a free port of this machine. */
public final class TestBroker implements AutoCloseable {
  public static final int ID = 0;
  public static final int NETWORK_THREADS = 2;
  public static final String STORE = "memory:test";
  private static final BrokerConfigs STARTED_WITH =
      new BrokerConfigs(Map.of("node.id", "0", "num.partitions", "4"));

  private static final int OFFSETS_TOPIC_PARTITIONS = 4;
  private static final long MEMBER_BYTES_MAX = 8 << 20;
  private static final Map<String, String> GROUPS =
      Map.of(
          "group.initial.rebalance.delay.ms",
          "0",
          "group.min.session.timeout.ms",
          "1",
          "offsets.commit.timeout.ms",
          "1500");

  public final InMemoryClusterMetadata metadata;
  public final FakeLane lane;
  public final KafkaFrontend frontend;
  public final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final AtomicBoolean leaseHeld = new AtomicBoolean(true);
  private final AtomicLong aheadMs = new AtomicLong();
  public final ThreadPoolScheduler scheduler = new ThreadPoolScheduler("test-scheduler", 1);
  private final PartitionLogs logs;

  /** What it serves of what others lead. */
  public volatile FollowedPartitions followed = FollowedPartitions.NONE;

  private final List<RetentionLoop> retention = new ArrayList<>();
  private final ExecutorService ackThread = NamedThreads.pool("test-ack", 1);

  private TestBroker(
      FrontendSettings settings,
      UnaryOperator<BrokerServerConfig> server,
      Map<String, String> groups,
      long memberBytesMax)
      throws InterruptedException {
    InstantSource clock = () -> SystemPorts.wallClock().instant().plusMillis(aheadMs.get());
    Map<String, String> groupsStartedWith = new HashMap<>(GROUPS);
    groupsStartedWith.putAll(groups);
    GroupSettings groupSettings =
        new GroupSettings(OFFSETS_TOPIC_PARTITIONS, 2, memberBytesMax, groupsStartedWith);
    metadata = InMemoryClusterMetadata.ofOneBroker(ID, "127.0.0.1", 1);
    lane = new FakeLane(0, 1, ackThread);
    logs =
        new PartitionLogs(
            ID,
            metadata,
            lane,
            (image, topic) ->
                new ConfigView(image, ID, STARTED_WITH).effectiveTopic(topic.configs()),
            clock,
            leaseHeld::get);
    GroupConfigDefinitions groupConfigs = new GroupConfigDefinitions(groupSettings);
    AtomicLong topicIds = new AtomicLong();
    frontend =
        KafkaFrontend.start(
            new KafkaFrontend.Config(
                ID,
                1,
                server.apply(BrokerServerConfig.defaults("127.0.0.1", 0, NETWORK_THREADS)),
                settings,
                groupSettings,
                groupConfigs,
                STARTED_WITH,
                2),
            new KafkaFrontend.Environment(
                metadata,
                lane,
                (topicId, partition, epoch, rack) -> followed.find(topicId, partition, epoch, rack),
                scheduler,
                SystemPorts.ticker(),
                clock,
                SystemPorts.random(),
                () -> 0,
                MemoryBudget.forBroker(64 << 20),
                meters),
            logs,
            AdminHandlers.all(
                metadata,
                logs,
                ID,
                STARTED_WITH,
                groupConfigs,
                STORE,
                settings.defaultPartitions(),
                () -> new UUID(8, topicIds.incrementAndGet()),
                () ->
                    CompletableFuture.completedFuture(
                        new MetadataQuorum(
                            ID,
                            1,
                            7,
                            7,
                            List.of(
                                new MetadataQuorum.Member(
                                    ID,
                                    new UUID(1, ID),
                                    new HostPort("localhost", 9093),
                                    true,
                                    7,
                                    Duration.ZERO)))),
                scheduler,
                clock));
    metadata.accept(new RegisterBroker(ID, new UUID(1, ID), "127.0.0.1", frontend.port(), null));
  }

  public static TestBroker start() throws InterruptedException {
    return start(FrontendSettings.DEFAULTS, UnaryOperator.identity());
  }

  public static TestBroker start(
      FrontendSettings settings, UnaryOperator<BrokerServerConfig> server)
      throws InterruptedException {
    return new TestBroker(settings, server, Map.of(), MEMBER_BYTES_MAX);
  }

  /**
   * @param groups configs of the group coordinator, by Kafka's names
   */
  public static TestBroker startWithGroups(Map<String, String> groups) throws InterruptedException {
    return startWithGroups(groups, MEMBER_BYTES_MAX);
  }

  /**
   * @param memberBytesMax memory for what members of groups say
   */
  public static TestBroker startWithGroups(Map<String, String> groups, long memberBytesMax)
      throws InterruptedException {
    return new TestBroker(
        FrontendSettings.DEFAULTS, UnaryOperator.identity(), groups, memberBytesMax);
  }

  /** Its wall clock jumps ahead; timers that run are not shortened. */
  public void jumpAhead(Duration time) {
    aheadMs.addAndGet(time.toMillis());
  }

  /** Whether it may believe that it still leads what it led. */
  public void holdLease(boolean held) {
    leaseHeld.set(held);
  }

  public int port() {
    return frontend.port();
  }

  public String bootstrap() {
    return "127.0.0.1:" + port();
  }

  public RawClient connect() throws IOException {
    return new RawClient(port());
  }

  /** Asks for a coordinator until there is one for every group. */
  public void startGroups() throws IOException {
    try (RawClient client = connect()) {
      for (int partition = 0; partition < OFFSETS_TOPIC_PARTITIONS; partition++) {
        HeartbeatRequestData request =
            new HeartbeatRequestData()
                .setGroupId(Integer.toString(partition)) // hashes of digits are consecutive
                .setMemberId("nobody");
        Await.until("a coordinator of " + partition, () -> isCoordinated(client, request));
      }
    }
  }

  private static boolean isCoordinated(RawClient client, HeartbeatRequestData request) {
    try {
      client.receive(
          client.send(new FindCoordinatorRequestData().setKey(request.groupId()), (short) 3));
      return client
          .receive(client.send(request, ApiKeys.HEARTBEAT.latestVersion()))
          .errorCounts()
          .containsKey(Errors.UNKNOWN_MEMBER_ID);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Topic createTopic(String name, int partitions, Map<String, String> configs) {
    NewTopic topic =
        new NewTopic(new UUID(7, name.hashCode()), name, partitions, 1, List.of(), configs);
    metadata.accept(new CreateTopics(List.of(topic))).get(0).valueOrThrow();
    return topic(name);
  }

  public Topic createTopic(String name, int partitions) {
    return createTopic(name, partitions, Map.of());
  }

  public Topic topic(String name) {
    return Objects.requireNonNull(metadata.image().topic(name), name);
  }

  public PartitionId partition(String topic, int index) {
    return new PartitionId(topic(topic).id(), index);
  }

  /** As after a restart: the lane is opened again, and every partition has a new leader epoch. */
  public void raiseLeaderEpochs() {
    LaneId id = laneId();
    long epoch = metadata.accept(new OpenLane(id, ID, 1));
    lane.reopen(epoch);
    metadata.accept(new LaneOpened(id, epoch, ends()));
  }

  /** As when another broker takes over: every partition goes on in a lane that is new. */
  public void takeOver() {
    takeOver(() -> {});
  }

  /**
   * The one that takes over dies with its {@code count}th append; returns when it has.
   *
   * @param durable whether that one becomes durable
   */
  public void takeOverAndDie(int count, boolean durable) {
    takeOver(() -> lane.haltAtAppend(count, durable));
    Await.until("the lane stops", lane::isHalted);
  }

  private void takeOver(Runnable beforeItLeads) {
    LaneId before = laneId();
    LaneId after = new LaneId(before.value() + 1);
    long sealing = metadata.accept(new SealLane(before, lane.epoch(), ID, 1));
    metadata.accept(new RegisterLane(after, ID));
    long epoch = metadata.accept(new OpenLane(after, ID, 1));
    lane.follow(after.value(), epoch);
    metadata.accept(new LaneOpened(after, epoch, Map.of()));
    beforeItLeads.run();
    metadata.accept(new LaneSealed(before, sealing, ends()));
  }

  /** As when somebody begins to take over: none of the partitions is led here. */
  public void loseLane() {
    metadata.accept(new SealLane(laneId(), lane.epoch(), ID, 1));
  }

  private LaneId laneId() {
    return new LaneId(Math.toIntExact(lane.lane()));
  }

  private Map<io.sediment.metadata.PartitionId, Long> ends() {
    Map<io.sediment.metadata.PartitionId, Long> ends = new HashMap<>();
    lane.durableEnds()
        .forEach(
            (partition, end) ->
                ends.put(
                    new io.sediment.metadata.PartitionId(
                        partition.topicId(), partition.partition()),
                    end));
    return ends;
  }

  /** From now on log starts are raised as in a broker, only more often. */
  public void startRetention() {
    retention.add(
        RetentionLoop.start(
            laneId(),
            metadata,
            logs,
            (image, topic) ->
                new ConfigView(image, ID, STARTED_WITH).effectiveTopic(topic.configs()),
            (logStarts, deleted) -> CompletableFuture.completedFuture(Set.of()),
            scheduler,
            SystemPorts.wallClock(),
            Duration.ofMillis(20),
            RetentionLoop.NO_BUDGET));
  }

  @Override
  public void close() {
    retention.forEach(RetentionLoop::close);
    frontend.close();
    scheduler.close();
    ackThread.shutdownNow();
  }
}
