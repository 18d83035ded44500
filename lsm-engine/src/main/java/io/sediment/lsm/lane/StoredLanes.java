package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.lsm.scan.IndexCache;
import io.sediment.lsm.scan.OldestBlocksSearch;
import io.sediment.lsm.scan.RangeScan;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
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
  /** Of these, the first one comes at once; the pauses between them are 2.5 s in all. */
  private static final int ATTEMPTS = 35;

  private static final Duration FIRST_PAUSE = Duration.ofMillis(5);
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);

  /** So whoever waits is late by a quarter of what it waited, at most. */
  private static final double PAUSE_GROWTH = 1.25;

  private final ObjectStore store;
  private final Scheduler scheduler;
  private final RandomGenerator random;
  private final RangeScan scan;
  private final OldestBlocksSearch oldestBlocks;
  private final SortedObjectReader reader;
  private final IndexCache indexes;
  private final NewestTable tables;
  private final ProducerExpiry expiry;
  private final DamageAlarm alarm;
  private final Map<LaneId, CompletableFuture<StoredLane>> open =
      new HashMap<>(); // guarded by this
  private final Map<LaneId, Seen> seen = new HashMap<>(); // guarded by this

  /** A lane as it was found last. */
  private record Seen(ManifestStore manifests, long manifestId, StoredLane view) {}

  /**
   * @param scan of the open lane
   * @param oldestBlocks likewise
   * @param indexes likewise
   */
  StoredLanes(
      LaneEnvironment environment,
      RangeScan scan,
      OldestBlocksSearch oldestBlocks,
      SortedObjectReader reader,
      IndexCache indexes,
      ProducerExpiry expiry,
      DamageAlarm alarm) {
    this.store = environment.catchUpStore();
    this.scheduler = environment.scheduler();
    this.random = environment.random();
    this.scan = scan;
    this.oldestBlocks = oldestBlocks;
    this.reader = reader;
    this.indexes = indexes;
    this.tables = new NewestTable(store);
    this.expiry = expiry;
    this.alarm = alarm;
  }

  /**
   * A view of the lane in which {@code partition} reaches {@code endOffset}: for a moment, that may
   * be what its owner is still flushing, who has just handed the partition over. An opening that
   * failed is tried again by the next call.
   */
  CompletableFuture<StoredLane> upTo(LaneId lane, PartitionId partition, long endOffset) {
    CompletableFuture<StoredLane> known = newerThan(null, lane);
    return known.isDone()
            && !known.isCompletedExceptionally()
            && known.join().endOffset(partition) >= endOffset
        ? known
        : upTo(known, lane, partition, endOffset, 0);
  }

  private CompletableFuture<StoredLane> upTo(
      CompletableFuture<StoredLane> known,
      LaneId lane,
      PartitionId partition,
      long endOffset,
      int attempt) {
    return known.thenCompose(
        view -> {
          if (view.endOffset(partition) >= endOffset) {
            return known;
          }
          if (attempt == ATTEMPTS) {
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
          return pause(attempt)
              .thenCompose(
                  waited -> upTo(newerThan(known, lane), lane, partition, endOffset, attempt + 1));
        });
  }

  private CompletableFuture<Void> pause(int attempt) {
    CompletableFuture<Void> pause = new CompletableFuture<>();
    if (attempt == 0) {
      pause.complete(null);
    } else {
      double longer = FIRST_PAUSE.toNanos() * Math.pow(PAUSE_GROWTH, attempt - 1);
      Duration length = Duration.ofNanos((long) Math.min(longer, PAUSE_MAX.toNanos()));
      scheduler.schedule(() -> pause.complete(null), length);
    }
    return pause;
  }

  /** Has a new view of the lane opened, since soon somebody will ask for more than that shows. */
  synchronized void lookAhead(LaneId lane) {
    CompletableFuture<StoredLane> known = open.get(lane);
    newerThan(known != null && known.isDone() ? known : null, lane);
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

  /** A lane that another process appends to; nothing is known of it yet. */
  FollowedLane follow(LaneId lane, FollowedLane.Listener listener) {
    return new FollowedLane(lane, manifests(lane), tables, reader, indexes, scan, alarm, listener);
  }

  private ManifestStore manifests(LaneId lane) {
    UUID nobody = new UUID(random.nextLong(), random.nextLong()); // it never commits
    ManifestStore manifests = new ManifestStore(store, lane, nobody, scheduler);
    // A reader's patience is its own: it is told of an unavailable store rather than made to wait.
    manifests.close();
    return manifests;
  }

  /** Caller holds the lock. */
  private CompletableFuture<StoredLane> openLane(LaneId lane) {
    Seen before = seen.get(lane);
    ManifestStore manifests = before == null ? manifests(lane) : before.manifests();
    return alarm.watch(
        (before == null ? manifests.open() : manifests.refresh())
            .thenCompose(
                newest ->
                    before != null && before.manifestId() == newest.id()
                        ? CompletableFuture.completedFuture(before.view())
                        : tables
                            .newest(manifests, newest)
                            .thenApply(read -> see(lane, manifests, read))));
  }

  private StoredLane see(LaneId lane, ManifestStore manifests, NewestTable.Read read) {
    StoredLane view = view(lane, manifests, read.table());
    synchronized (this) {
      seen.put(lane, new Seen(manifests, read.manifest().id(), view));
    }
    return view;
  }

  private StoredLane view(LaneId lane, ManifestStore manifests, PartitionTable rows) {
    LaneObjects objects = new LaneObjects(manifests);
    Map<PartitionId, PartitionState> partitions = new HashMap<>();
    rows.rows()
        .forEach(
            (id, row) -> partitions.put(id, new PartitionState(id, row.nextOffset(), row.bytes())));
    ProducerLoader producers =
        new ProducerLoader(objects, rows, reader, new DirectoryReader(store), expiry);
    return new StoredLane(
        lane, partitions, new LaneReads(objects, scan, oldestBlocks, producers, alarm));
  }
}
