package io.sediment.frontend.partition;

import io.sediment.lsm.PartitionId;
import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.ConfigResource;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import io.sediment.metadata.Placement;
import io.sediment.metadata.PreferredLeader;
import io.sediment.metadata.Topic;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.common.protocol.Errors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The logs of all partitions that this broker leads, kept in step with the published metadata: a
 * placement on our lane under our lane epoch opens a log, its end closes it. Nothing else opens or
 * closes one, so whoever appends here was told to by the Raft log (invariant I4).
 */
public final class PartitionLogs implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PartitionLogs.class);
  private static final int ANY_EPOCH = -1;

  private final int brokerId;
  private final ClusterMetadata metadata;
  private final PartitionLane lane;
  private final InstantSource clock;
  private final TopicConfigs configs;
  private final BooleanSupplier leaseHeld;
  private final Map<PartitionId, PartitionLog> logs = new ConcurrentHashMap<>();
  private final List<Consumer<PartitionLog>> openListeners = new CopyOnWriteArrayList<>();
  private final Set<UUID> unfollowed = new HashSet<>(); // by the one call of follow at a time
  private final ClusterMetadata.Subscription subscription;

  /** The configs in force for a topic: its own over the brokers' defaults. */
  @FunctionalInterface
  public interface TopicConfigs {
    Map<String, String> of(MetadataImage image, Topic topic);
  }

  /** For a broker that no other would take over from. */
  public PartitionLogs(
      int brokerId,
      ClusterMetadata metadata,
      PartitionLane lane,
      TopicConfigs configs,
      InstantSource clock) {
    this(brokerId, metadata, lane, configs, clock, () -> true);
  }

  /**
   * @param leaseHeld whether this broker may believe that it still leads what it led
   */
  @SuppressWarnings(
      "this-escape") // images may come before the constructor ends; all is set by then
  public PartitionLogs(
      int brokerId,
      ClusterMetadata metadata,
      PartitionLane lane,
      TopicConfigs configs,
      InstantSource clock,
      BooleanSupplier leaseHeld) {
    this.brokerId = brokerId;
    this.metadata = metadata;
    this.lane = lane;
    this.configs = configs;
    this.clock = clock;
    this.leaseHeld = leaseHeld;
    this.subscription = metadata.subscribe(this::follow);
  }

  // Following the metadata; one call at a time.

  private void follow(MetadataImage before, MetadataImage after) {
    boolean allChanged = before.lanes() != after.lanes() || defaultsDiffer(before, after);
    for (Topic topic : after.topics()) {
      Topic old = before.topic(topic.id());
      if (old != topic || allChanged || unfollowed.contains(topic.id())) {
        followAlone(topic, after);
      }
    }
    for (Topic topic : before.topics()) {
      if (after.topic(topic.id()) == null) {
        unfollowed.remove(topic.id());
        for (int i = 0; i < topic.partitionCount(); i++) {
          close(new PartitionId(topic.id(), i), "topic " + topic.name() + " was deleted");
        }
      }
    }
  }

  /** What fails for one topic holds up no other, and is tried again with the next image. */
  private void followAlone(Topic topic, MetadataImage image) {
    try {
      followTopic(topic, image);
      unfollowed.remove(topic.id());
    } catch (RuntimeException e) {
      unfollowed.add(topic.id());
      log.error("cannot follow topic {}", topic.name(), e);
    }
  }

  private boolean defaultsDiffer(MetadataImage before, MetadataImage after) {
    ConfigResource own = ConfigResource.broker(brokerId);
    return !before.configs(ConfigResource.CLUSTER).equals(after.configs(ConfigResource.CLUSTER))
        || !before.configs(own).equals(after.configs(own));
  }

  private void followTopic(Topic topic, MetadataImage image) {
    TopicSettings settings = null;
    for (int i = 0; i < topic.partitionCount(); i++) {
      Partition partition = topic.partitions().get(i);
      PartitionId id = new PartitionId(topic.id(), i);
      PartitionLog known = logs.get(id);
      boolean ours = isOurs(partition, image);
      if (known != null && (!ours || known.leaderEpoch() != partition.leaderEpoch())) {
        close(id, "leadership moved");
        known = null;
      }
      if (!ours) {
        continue;
      }
      if (settings == null) {
        settings = TopicSettings.of(configs.of(image, topic));
      }
      if (known == null) {
        open(id, topic.name(), partition, settings);
      } else {
        known.reconfigure(settings, partition.logStartOffset());
      }
    }
  }

  private boolean isOurs(Partition partition, MetadataImage image) {
    Placement current = partition.current();
    return current.lane().value() == lane.lane()
        && current.laneEpoch() == lane.epoch()
        && image.leaderOf(partition) == brokerId;
  }

  private void open(PartitionId id, String topic, Partition partition, TopicSettings settings) {
    Placement current = partition.current();
    PartitionLog opening =
        new PartitionLog(
            id,
            topic,
            current.leaderEpoch(),
            current.startOffset(),
            PlacedPartition.startInLane(partition, current.leaderEpoch(), current.startOffset()),
            partition.logStartOffset(),
            settings,
            clock);
    logs.put(id, opening);
    lane.open(id, current.leaderEpoch(), current.startOffset(), opening)
        .whenComplete(
            (opened, failure) -> {
              if (failure == null) {
                opening.opened(opened);
                openListeners.forEach(listener -> listener.accept(opening));
              } else {
                log.error("cannot open {}", opening, failure);
                opening.close("cannot open: " + failure.getMessage());
              }
            });
  }

  private void close(PartitionId id, String why) {
    PartitionLog ended = logs.remove(id);
    if (ended != null) {
      ended.close(why);
      lane.close(id);
    }
  }

  // Looking up.

  /** The log of a partition, if its epoch is what the client believes it is. */
  public LookUp find(UUID topicId, int partition, int clientLeaderEpoch) {
    if (partition < 0) {
      return missing(topicId, partition);
    }
    PartitionLog found = logs.get(new PartitionId(topicId, partition));
    if (found != null && !leaseHeld.getAsBoolean()) {
      // Somebody else may lead by now; who, this broker does not know.
      return LookUp.Missing.of(Errors.NOT_LEADER_OR_FOLLOWER);
    }
    if (found == null || !found.isOpen()) {
      return missing(topicId, partition);
    }
    if (clientLeaderEpoch != ANY_EPOCH && clientLeaderEpoch != found.leaderEpoch()) {
      return clientLeaderEpoch < found.leaderEpoch()
          ? new LookUp.Missing(
              Errors.FENCED_LEADER_EPOCH, metadata.image().broker(brokerId), found.leaderEpoch())
          : LookUp.Missing.of(Errors.UNKNOWN_LEADER_EPOCH);
    }
    return new LookUp.Found(found);
  }

  /** Likewise, of a topic asked for by name. */
  public LookUp find(MetadataImage image, String topic, int partition, int clientLeaderEpoch) {
    Topic known = image.topic(topic);
    if (known == null) {
      return LookUp.Missing.of(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }
    LookUp found = find(known.id(), partition, clientLeaderEpoch);
    return found instanceof LookUp.Missing missing && missing.error() == Errors.UNKNOWN_TOPIC_ID
        ? LookUp.Missing.of(Errors.UNKNOWN_TOPIC_OR_PARTITION) // deleted a moment ago
        : found;
  }

  /**
   * Whether a partition that is not open here may be at any moment. Either its log {@link
   * #isOpening is about to be opened}; or another broker leads it, as far as is known here, and
   * hands all of its partitions over, or shall hand over this one: whoever was sent here by it
   * knows more than this broker.
   */
  public boolean mayArrive(UUID topicId, int index) {
    MetadataImage image = metadata.image();
    Partition partition = image.partition(topicId, index);
    Lane placed = partition == null ? null : image.lane(partition.current().lane());
    if (partition == null || placed == null) {
      return false;
    }
    if (placed.owner() == brokerId) {
      return isOpening(partition, new PartitionId(topicId, index), image);
    }
    io.sediment.metadata.PartitionId id = new io.sediment.metadata.PartitionId(topicId, index);
    PreferredLeader preferred = image.preferredLeader(id);
    return placed.state() == Lane.State.DRAINING
        || (preferred != null && preferred.broker() == brokerId && image.isMoving(id));
  }

  /** Whether this broker leads a partition, and is about to open its log. */
  public boolean isOpening(UUID topicId, int index) {
    MetadataImage image = metadata.image();
    Partition partition = image.partition(topicId, index);
    return partition != null && isOpening(partition, new PartitionId(topicId, index), image);
  }

  /** Images are published before they are followed. */
  private boolean isOpening(Partition partition, PartitionId id, MetadataImage image) {
    if (!isOurs(partition, image)) {
      return false;
    }
    PartitionLog known = logs.get(id);
    return known == null || known.leaderEpoch() < partition.leaderEpoch() || known.isOpening();
  }

  /** The log of a partition while it is open here and the newest leadership; else null. */
  @Nullable PartitionLog newest(io.sediment.metadata.PartitionId id, MetadataImage image) {
    PartitionLog led = logs.get(new PartitionId(id.topicId(), id.partition()));
    Partition partition = image.partition(id);
    boolean isNewest =
        led != null
            && led.isOpen()
            && partition != null
            && partition.leaderEpoch() == led.leaderEpoch();
    return isNewest ? led : null;
  }

  /**
   * Why a partition whose log has closed is not here, and where it is; or where it goes, if that is
   * on its way and not known yet.
   */
  public LookUp.Missing whereIs(PartitionId id) {
    PartitionLog leaving = logs.get(id);
    if (leaving != null && leaving.nextLeader() != PartitionLog.NOBODY) {
      MetadataImage image = metadata.image();
      Partition partition = image.partition(id.topicId(), id.partition());
      if (partition != null && partition.leaderEpoch() == leaving.leaderEpoch()) {
        return new LookUp.Missing(
            Errors.NOT_LEADER_OR_FOLLOWER,
            image.broker(leaving.nextLeader()),
            leaving.leaderEpoch() + 1);
      }
    }
    return missing(id.topicId(), id.partition());
  }

  private LookUp.Missing missing(UUID topicId, int index) {
    MetadataImage image = metadata.image();
    Topic topic = image.topic(topicId);
    if (topic == null) {
      return LookUp.Missing.of(Errors.UNKNOWN_TOPIC_ID);
    }
    Partition partition = topic.partition(index);
    if (partition == null) {
      return LookUp.Missing.of(Errors.UNKNOWN_TOPIC_OR_PARTITION);
    }
    int leader = image.leaderOf(partition);
    return leader == brokerId || leader == MetadataImage.NO_LEADER
        ? LookUp.Missing.of(Errors.NOT_LEADER_OR_FOLLOWER)
        : new LookUp.Missing(
            Errors.NOT_LEADER_OR_FOLLOWER, image.broker(leader), partition.leaderEpoch());
  }

  /** Whether this broker may believe that it still leads what is open here. */
  public boolean isLeaseHeld() {
    return leaseHeld.getAsBoolean();
  }

  /**
   * Tells {@code listener} of every log that is open now and of each that opens later; perhaps
   * twice of one that opens meanwhile. Runs on the threads that open logs and must be quick. That a
   * log has closed is told to those who {@link PartitionLog#watch} it.
   */
  public void whenOpened(Consumer<PartitionLog> listener) {
    openListeners.add(listener);
    for (PartitionLog each : logs.values()) {
      if (each.isOpen()) {
        listener.accept(each);
      }
    }
  }

  /** The opposite of {@link #whenOpened}; a call may still be under way. */
  public void forget(Consumer<PartitionLog> listener) {
    openListeners.remove(listener);
  }

  /** Every log that is open now, in no order. */
  public Collection<PartitionLog> all() {
    return logs.values();
  }

  /** Follows no further and ends every wait. */
  @Override
  public void close() {
    subscription.cancel();
    for (PartitionLog each : logs.values()) {
      each.close("the broker is stopping");
    }
  }
}
