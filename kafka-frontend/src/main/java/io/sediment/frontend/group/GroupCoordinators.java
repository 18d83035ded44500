package io.sediment.frontend.group;

import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.frontend.coordinator.Elections;
import io.sediment.frontend.coordinator.InternalTopic;
import io.sediment.frontend.kafka.coordinator.GroupConfigDefinitions;
import io.sediment.frontend.kafka.coordinator.KafkaGroups;
import io.sediment.frontend.partition.PartitionLogs;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.InstantSource;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.errors.NotCoordinatorException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of this broker's group coordinator: it runs as long as there is a {@code
 * __consumer_offsets} topic, so that a broker without groups has neither its threads nor its
 * memory, and it is made anew when the topic is.
 */
public final class GroupCoordinators implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(GroupCoordinators.class);
  private static final long END_SECONDS_MAX = 60;
  private static final String SEGMENT_BYTES = Integer.toString(100 << 20);

  /** What the coordinator works with. */
  public record Environment(
      ClusterMetadata metadata,
      PartitionLogs logs,
      Scheduler scheduler,
      InstantSource clock,
      Ticker ticker,
      MeterRegistry meters) {}

  private record Running(UUID topicId, KafkaGroups groups, Elections elections) {}

  private final int brokerId;
  private final GroupSettings settings;
  private final GroupConfigDefinitions configs;
  private final Environment environment;
  private final GroupFeatures features;
  private final MemberMemory memory;
  private final ExecutorService turn = NamedThreads.pool("group-coordinators", 1);
  private final AtomicReference<@Nullable MetadataImage> newest = new AtomicReference<>();
  private final ClusterMetadata.Subscription subscription;
  private volatile @Nullable Running running; // written in turn

  @SuppressWarnings("this-escape") // images may come before the constructor ends; all is set then
  public GroupCoordinators(
      int brokerId,
      GroupSettings settings,
      GroupConfigDefinitions configs,
      Environment environment) {
    this.brokerId = brokerId;
    this.settings = settings;
    this.configs = configs;
    this.environment = environment;
    this.features = new GroupFeatures(environment.metadata(), environment.scheduler());
    this.memory =
        new MemberMemory(settings.memberBytesMax(), environment.ticker(), environment.meters());
    features.finalizeServed();
    this.subscription = environment.metadata().subscribe((before, after) -> follow(after));
  }

  /** Where groups keep their state; what Kafka calls it and sets on it. */
  public InternalTopic topic() {
    return new InternalTopic(
        org.apache.kafka.common.internals.Topic.GROUP_METADATA_TOPIC_NAME,
        settings.offsetsTopicPartitions(),
        1,
        Map.of(
            TopicConfig.CLEANUP_POLICY_CONFIG,
            TopicConfig.CLEANUP_POLICY_COMPACT,
            TopicConfig.COMPRESSION_TYPE_CONFIG,
            "producer",
            TopicConfig.SEGMENT_BYTES_CONFIG,
            SEGMENT_BYTES));
  }

  /**
   * The groups, if the coordinator runs.
   *
   * @throws NotCoordinatorException if another broker may coordinate them by now, and know of
   *     commits that this one does not
   * @throws CoordinatorNotAvailableException if it does not run, or not yet: clients ask again
   */
  Groups groups() {
    requireLease();
    Running now = running;
    if (now == null) {
      throw new CoordinatorNotAvailableException("the group coordinator is not running yet");
    }
    return now.groups;
  }

  /**
   * For answers that waited: what was true when they were asked for may be out of date.
   *
   * @throws NotCoordinatorException as {@link #groups}
   */
  void requireLease() {
    if (!environment.logs().isLeaseHeld()) {
      throw new NotCoordinatorException("this broker has lost touch with the cluster");
    }
  }

  MemberMemory memory() {
    return memory;
  }

  /** Of members of groups other than classic ones, which do not say themselves. */
  long longestSessionMs() {
    return configs.longestSessionMs();
  }

  GroupFeatures features() {
    return features;
  }

  /** Images that come faster than they are followed are skipped, but for the newest. */
  private void follow(MetadataImage image) {
    if (newest.getAndSet(image) == null) {
      inTurn(this::followNewest);
    }
  }

  private void inTurn(Runnable step) {
    try {
      turn.execute(step);
    } catch (RejectedExecutionException e) {
      log.debug("group coordinators are closed");
    }
  }

  // One at a time, on a thread that may wait.

  private void followNewest() {
    MetadataImage image = newest.getAndSet(null);
    if (image == null) {
      return;
    }
    Topic topic = image.topic(topic().name());
    Running now = running;
    if (now != null && (topic == null || !topic.id().equals(now.topicId))) {
      log.warn("{} is gone, and with it the state of every group", topic().name());
      stop(now);
      now = null;
    }
    if (now != null) {
      now.groups.follow(image);
    } else if (topic != null) {
      start(topic, image);
    }
  }

  private void start(Topic topic, MetadataImage image) {
    Elections elections =
        new Elections(environment.logs(), topic.id(), environment.scheduler(), "group-elections");
    KafkaGroups groups =
        KafkaGroups.start(
            brokerId,
            topic.partitionCount(),
            configs,
            image,
            new KafkaGroups.Environment(
                environment.scheduler(),
                environment.clock(),
                environment.ticker(),
                environment.meters()),
            elections);
    elections.start(groups);
    running = new Running(topic.id(), groups, elections);
    log.info("the group coordinator runs: partitions={}", topic.partitionCount());
  }

  private void stop(Running ended) {
    running = null;
    try {
      ended.elections.close();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ended.groups.close();
  }

  /** Follows no further and ends the coordinator's threads. Waits for them. */
  @Override
  public void close() {
    subscription.cancel();
    features.close();
    inTurn(
        () -> {
          Running now = running;
          if (now != null) {
            stop(now);
          }
        });
    turn.shutdown();
    try {
      if (!turn.awaitTermination(END_SECONDS_MAX, TimeUnit.SECONDS)) {
        log.warn("the group coordinator does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
