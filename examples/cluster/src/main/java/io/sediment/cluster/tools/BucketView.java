package io.sediment.cluster.tools;

import io.sediment.compactor.CompactionOptions;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestReader;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTableLayout;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import io.sediment.metadata.bucket.BucketMetadata;
import io.sediment.metadata.bucket.BucketMetadata.Exports;
import io.sediment.metadata.bucket.BucketMetadata.Registration;
import io.sediment.metadata.bucket.ExportState;
import io.sediment.metadata.bucket.Incarnation;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.StoredBytes;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Waiter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * A bucket as commands see it. Every look reads the store anew and blocks; nothing is written.
 *
 * <p>Fails with {@link io.sediment.lsm.CorruptObjectException} or {@link
 * io.sediment.metadata.CorruptMetadataException} for damage, with {@link ObjectStoreException} as
 * the store does.
 */
final class BucketView {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final UUID NOBODY = new UUID(0, 0);
  private static final int LIST_LIMIT = 1_000;

  private final BucketSource.Opened opened;
  private final String name;
  private final ObjectStore store;
  private final Scheduler scheduler;
  private final BucketMetadata metadata;
  private final ManifestReader manifests;
  private final SortedObjectReader objects;
  private final DirectoryReader directories;

  BucketView(BucketSource.Opened opened, Scheduler scheduler) {
    this.opened = opened;
    this.name = opened.name();
    this.store = opened.store();
    this.scheduler = scheduler;
    this.metadata = new BucketMetadata(store, scheduler);
    this.manifests = new ManifestReader(store);
    this.objects = new SortedObjectReader(store);
    this.directories = new DirectoryReader(store);
  }

  /** Where it is, for people. */
  String name() {
    return name;
  }

  ObjectStore store() {
    return store;
  }

  /** How brokers with these settings compact. */
  CompactionOptions compaction() {
    return opened.compaction();
  }

  /** The configs of topics with their defaults. */
  TopicConfigs topicConfigs() {
    return opened.topicConfigs();
  }

  Scheduler scheduler() {
    return scheduler;
  }

  // -- the cluster -------------------------------------------------------------------------------

  List<Incarnation> incarnations() {
    return await(metadata.incarnations());
  }

  /**
   * @throws UsageException if there is no cluster in the bucket
   */
  Incarnation newestIncarnation() {
    List<Incarnation> all = incarnations();
    if (all.isEmpty()) {
      throw new UsageException("no cluster in " + name);
    }
    return all.get(all.size() - 1);
  }

  Exports exports(long incarnation) {
    return await(metadata.exports(incarnation));
  }

  long exportBoundary(long incarnation) {
    return await(metadata.exportBoundary(incarnation));
  }

  /**
   * The newest metadata that takes effect anywhere.
   *
   * @throws UsageException if there is none yet
   */
  MetadataImage image() {
    long incarnation = newestIncarnation().number();
    return exports(incarnation)
        .state()
        .map(ExportState::image)
        .orElseThrow(() -> new UsageException("incarnation " + incarnation + " has not begun"));
  }

  List<Registration> registrations() {
    return await(metadata.registrations());
  }

  /** All lanes that ever were. */
  List<LaneId> lanes() {
    return registrations().stream()
        .flatMap(registration -> registration.lane().stream())
        .map(lane -> new LaneId(lane.value()))
        .toList();
  }

  /** A topic by its name or its id. */
  static Optional<Topic> topic(MetadataImage image, String nameOrId) {
    Topic byName = image.topic(nameOrId);
    if (byName != null) {
      return Optional.of(byName);
    }
    return image.topics().stream()
        .filter(topic -> topic.id().toString().equals(nameOrId))
        .findFirst();
  }

  /** A partition as people call it, or by its topic's id where the topic is gone. */
  static String partitionName(MetadataImage image, PartitionId partition) {
    Topic topic = image.topic(partition.topicId());
    return topic == null ? partition.toString() : topic.name() + "-" + partition.partition();
  }

  // -- lanes -------------------------------------------------------------------------------------

  /** The manifests that somebody may be reading. */
  LaneView lane(LaneId lane) {
    ManifestStore reading = new ManifestStore(store, lane, NOBODY, scheduler);
    reading.close(); // a command is told of an unavailable store rather than made to wait
    await(reading.open());
    long boundary = await(reading.readBoundary());
    return new LaneView(lane, boundary, await(reading.retained()));
  }

  Optional<Manifest> manifest(LaneId lane, long id) {
    return await(manifests.read(lane, id));
  }

  long boundary(LaneId lane) {
    return await(manifests.readBoundary(lane));
  }

  /** Empty where the object is gone. */
  Optional<PartitionTable> table(LaneId lane, TableRef ref) {
    return read(ref.key(lane))
        .map(stored -> PartitionTableLayout.decode(lane, ref, stored.bytes()));
  }

  Optional<Directory> directory(LaneId lane, RunRef run) {
    return await(directories.read(lane, run));
  }

  Optional<SortedObject> object(ObjectKey key) {
    return await(objects.readDescription(key));
  }

  // -- objects -----------------------------------------------------------------------------------

  Optional<StoredBytes> read(ObjectKey key) {
    return await(store.get(key, ByteRange.all()));
  }

  boolean exists(ObjectKey key) {
    return await(store.get(key, ByteRange.of(0, 1))).isPresent();
  }

  /** Shows every object below {@code prefix}, page by page, in ascending order of key. */
  void list(String prefix, Consumer<ListedObject> each) {
    String startAfter = "";
    while (true) {
      List<ListedObject> page = await(store.list(prefix, startAfter, LIST_LIMIT));
      page.forEach(each);
      if (page.size() < LIST_LIMIT) {
        return;
      }
      startAfter = page.get(page.size() - 1).key().value();
    }
  }

  /** What {@code future} completes with; fails as it does. */
  <T> T await(CompletableFuture<T> future) {
    try {
      return Waiter.BLOCKING.await(future, PATIENCE);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      throw new IllegalStateException(e.getCause());
    } catch (TimeoutException e) {
      throw new ObjectStoreException.Unavailable("no answer in " + PATIENCE + " of " + name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ObjectStoreException.Unavailable("interrupted", e);
    }
  }
}
