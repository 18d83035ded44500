package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTableLayout;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.lsm.scan.OldestBlocksSearch;
import io.sediment.lsm.scan.RangeScan;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.StoredBytes;
import io.sediment.runtime.Scheduler;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The lanes that this process reads from besides the open one: each is opened on first use, and
 * again where somebody asks for more than had been flushed by then. They share the caches and the
 * readahead of the open lane, since an object's key says which lane it is of. Thread-safe.
 */
final class StoredLanes {
  private static final int ATTEMPTS = 4;

  private final ObjectStore store;
  private final Scheduler scheduler;
  private final RandomGenerator random;
  private final RangeScan scan;
  private final OldestBlocksSearch oldestBlocks;
  private final SortedObjectReader reader;
  private final DamageAlarm alarm;
  private final Map<LaneId, CompletableFuture<StoredLane>> open =
      new HashMap<>(); // guarded by this

  /**
   * @param scan of the open lane
   * @param oldestBlocks likewise
   */
  StoredLanes(
      LaneEnvironment environment,
      RangeScan scan,
      OldestBlocksSearch oldestBlocks,
      SortedObjectReader reader,
      DamageAlarm alarm) {
    this.store = environment.catchUpStore();
    this.scheduler = environment.scheduler();
    this.random = environment.random();
    this.scan = scan;
    this.oldestBlocks = oldestBlocks;
    this.reader = reader;
    this.alarm = alarm;
  }

  /**
   * A view of the lane in which {@code partition} reaches {@code endOffset}; an opening that failed
   * is tried again by the next call.
   */
  CompletableFuture<StoredLane> upTo(LaneId lane, PartitionId partition, long endOffset) {
    CompletableFuture<StoredLane> known = newerThan(null, lane);
    return known.isDone()
            && !known.isCompletedExceptionally()
            && known.join().endOffset(partition) >= endOffset
        ? known
        : upTo(known, lane, partition, endOffset, ATTEMPTS);
  }

  private CompletableFuture<StoredLane> upTo(
      CompletableFuture<StoredLane> known,
      LaneId lane,
      PartitionId partition,
      long endOffset,
      int attemptsLeft) {
    return known.thenCompose(
        view -> {
          if (view.endOffset(partition) >= endOffset) {
            return known;
          }
          if (attemptsLeft == 0) {
            throw new ObjectStoreException.Unavailable(
                "lane="
                    + lane
                    + " partition="
                    + partition
                    + " is flushed up to "
                    + view.endOffset(partition)
                    + " only, expected "
                    + endOffset,
                null);
          }
          return upTo(newerThan(known, lane), lane, partition, endOffset, attemptsLeft - 1);
        });
  }

  /** Another one than {@code seen}, which somebody else may be opening. */
  private synchronized CompletableFuture<StoredLane> newerThan(
      @Nullable CompletableFuture<StoredLane> seen, LaneId lane) {
    CompletableFuture<StoredLane> known = open.get(lane);
    if (known == null || known == seen || known.isCompletedExceptionally()) {
      known = openLane(lane);
      open.put(lane, known);
    }
    return known;
  }

  private CompletableFuture<StoredLane> openLane(LaneId lane) {
    UUID nobody = new UUID(random.nextLong(), random.nextLong()); // it never commits
    ManifestStore manifests = new ManifestStore(store, lane, nobody, scheduler);
    // A reader's patience is its own: it is told of an unavailable store rather than made to wait.
    manifests.close();
    return alarm.watch(
        manifests
            .open()
            .thenCompose(newest -> table(manifests, newest, ATTEMPTS))
            .thenApply(table -> view(lane, manifests, table)));
  }

  private StoredLane view(LaneId lane, ManifestStore manifests, Optional<PartitionTable> table) {
    LaneObjects objects = new LaneObjects(manifests);
    PartitionTable rows =
        table.orElseGet(() -> new PartitionTable(lane, 0, 0, new TreeMap<>())); // an empty lane
    Map<PartitionId, PartitionState> partitions = new HashMap<>();
    rows.rows()
        .forEach(
            (id, row) -> partitions.put(id, new PartitionState(id, row.nextOffset(), row.bytes())));
    ProducerLoader producers =
        new ProducerLoader(objects, rows, List.of(), reader, new DirectoryReader(store));
    return new StoredLane(
        lane, partitions, new LaneReads(objects, scan, oldestBlocks, producers, alarm));
  }

  /** The newest partition table; again from a newer manifest where it was replaced meanwhile. */
  private CompletableFuture<Optional<PartitionTable>> table(
      ManifestStore manifests, Manifest manifest, int attemptsLeft) {
    TableRef ref = manifest.table();
    if (ref == null) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    ObjectKey key = ref.key(manifest.lane());
    return ReadAgain.whileCorrupt(
            () ->
                store
                    .get(key, ByteRange.all())
                    .thenApply(found -> found.map(stored -> decode(manifest.lane(), ref, stored))))
        .thenCompose(
            found ->
                found.isPresent()
                    ? CompletableFuture.completedFuture(found)
                    : newer(manifests, manifest, attemptsLeft));
  }

  private CompletableFuture<Optional<PartitionTable>> newer(
      ManifestStore manifests, Manifest seen, int attemptsLeft) {
    return manifests
        .refresh()
        .thenCompose(
            newest -> {
              if (newest.id() == seen.id() || attemptsLeft == 0) {
                throw new CorruptObjectException(
                    "partition table read: missing: lane="
                        + seen.lane()
                        + " manifest="
                        + seen.id()
                        + " table="
                        + seen.table());
              }
              return table(manifests, newest, attemptsLeft - 1);
            });
  }

  private static PartitionTable decode(LaneId lane, TableRef ref, StoredBytes stored) {
    return PartitionTableLayout.decode(lane, ref, stored.bytes());
  }
}
