package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.scan.IndexCache;
import io.sediment.lsm.scan.ObjectGoneException;
import io.sediment.lsm.scan.ObjectRef;
import io.sediment.lsm.scan.OffsetGoneException;
import io.sediment.lsm.scan.RangeScan;
import io.sediment.runtime.Failures;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * A lane that another process appends to, to be read almost to its end: what the manifest names,
 * and behind that the objects of the write-ahead log up to the slot that its owner has announced as
 * acknowledged. What lies beyond is never looked at: an object that exists is not one that counts.
 *
 * <p>The log's objects are read as they are, by their footers; nothing is copied. When its owner
 * has flushed and they are collected, a newer manifest names what they held. Thread-safe, never
 * blocking.
 */
public final class FollowedLane {
  private static final int FOOTERS_AT_ONCE = 16;
  private static final int ATTEMPTS = 4;

  /** So many objects of the log are listed before a newer manifest is looked for. */
  private static final int LOG_OBJECTS_MAX = 128;

  /** Told one call at a time. */
  public interface Listener {
    /** So many bytes more can be read of each of these partitions. */
    void onAdvanced(Map<PartitionId, Long> bytes);
  }

  private record LogObject(WalSlot slot, ObjectRef ref) {}

  /** What the manifest names, and of the log what lies behind it; all of it in log order. */
  private record View(Manifest manifest, List<LogObject> log, List<ObjectRef> objects) {
    static View of(Manifest manifest, List<LogObject> log) {
      List<LogObject> behind =
          log.stream().filter(it -> it.slot().compareTo(manifest.replayAfter()) > 0).toList();
      List<ObjectRef> objects = new ArrayList<>(ObjectRef.all(manifest));
      behind.forEach(it -> objects.add(it.ref()));
      return new View(manifest, behind, List.copyOf(objects));
    }
  }

  /**
   * Where a partition ends, and where it did before the leadership that is its last one here: a
   * reader may not have heard of that one, nor of what others appended in between, elsewhere.
   */
  private record End(long offset, int leaderEpoch, long earlierOffset, int earlierEpoch) {
    static End of(long offset, int leaderEpoch) {
      return new End(offset, leaderEpoch, 0, -1);
    }

    End next(long offset, int leaderEpoch) {
      return leaderEpoch > this.leaderEpoch
          ? new End(offset, leaderEpoch, this.offset, this.leaderEpoch)
          : new End(offset, leaderEpoch, earlierOffset, earlierEpoch);
    }

    long under(int epoch) {
      return epoch >= leaderEpoch ? offset : epoch >= earlierEpoch ? earlierOffset : 0;
    }
  }

  private final LaneId id;
  private final ManifestStore manifests;
  private final NewestTable tables;
  private final SortedObjectReader reader;
  private final IndexCache indexes;
  private final RangeScan scan;
  private final DamageAlarm alarm;
  private final Listener listener;
  private final ConcurrentMap<PartitionId, End> ends = new ConcurrentHashMap<>();
  private volatile View view; // written under this
  private CompletableFuture<Void> advancing = CompletableFuture.completedFuture(null); // by this
  private boolean opened; // by one advance at a time
  private volatile WalSlot known = WalSlot.NONE; // by one advance at a time

  FollowedLane(
      LaneId id,
      ManifestStore manifests,
      NewestTable tables,
      SortedObjectReader reader,
      IndexCache indexes,
      RangeScan scan,
      DamageAlarm alarm,
      Listener listener) {
    this.id = id;
    this.manifests = manifests;
    this.tables = tables;
    this.reader = reader;
    this.indexes = indexes;
    this.scan = scan;
    this.alarm = alarm;
    this.listener = listener;
    this.view = View.of(Manifest.none(id), List.of());
  }

  public LaneId id() {
    return id;
  }

  /**
   * First offset of the partition that cannot be read here yet, or was not appended under {@code
   * leaderEpoch} or before; 0 where nothing is known of it, or no more.
   */
  public long endOffset(PartitionId partition, int leaderEpoch) {
    End end = ends.get(partition);
    return end == null ? 0 : end.under(leaderEpoch);
  }

  /**
   * The owner has acknowledged everything up to {@code acked}.
   *
   * @return completes when that can be read, in the order of the calls. Fails where the store does
   *     not answer or something is missing; what was found stays, and a later call goes on
   */
  public synchronized CompletableFuture<Void> advance(WalSlot acked) {
    advancing =
        advancing.handle((done, failure) -> advanceTo(acked)).thenCompose(advanced -> advanced);
    return advancing.copy();
  }

  private CompletableFuture<Void> advanceTo(WalSlot acked) {
    if (known.compareTo(acked) >= 0) {
      return CompletableFuture.completedFuture(null);
    }
    CompletableFuture<Void> ready =
        opened && known.epoch() == acked.epoch()
            ? CompletableFuture.completedFuture(null)
            : reload();
    return alarm.watch(ready.thenCompose(done -> readLog(acked, ATTEMPTS)));
  }

  /** Begins behind what the newest manifest names. */
  private CompletableFuture<Void> reload() {
    return (opened ? manifests.refresh() : manifests.open())
        .thenCompose(newest -> tables.newest(manifests, newest))
        .thenAccept(
            read -> {
              opened = true;
              Manifest manifest = read.manifest();
              show(manifest, List.of());
              if (known.compareTo(manifest.replayAfter()) < 0) {
                known = manifest.replayAfter();
              }
              Map<PartitionId, Long> more = new HashMap<>();
              read.table()
                  .rows()
                  .forEach(
                      (partition, row) ->
                          reach(partition, row.nextOffset(), row.lastLeaderEpoch(), 1, more));
              tell(more);
            });
  }

  private CompletableFuture<Void> readLog(WalSlot acked, int attemptsLeft) {
    if (known.epoch() != acked.epoch() || known.seq() >= acked.seq()) {
      return view.log().size() > LOG_OBJECTS_MAX
          ? manifests.refresh().thenAccept(this::showIfKnown)
          : CompletableFuture.completedFuture(null);
    }
    List<WalSlot> slots = new ArrayList<>();
    List<CompletableFuture<Optional<SortedObject>>> footers = new ArrayList<>();
    LaneKeys keys = new LaneKeys(id);
    for (WalSlot slot = known.next();
        slot.compareTo(acked) <= 0 && slots.size() < FOOTERS_AT_ONCE;
        slot = slot.next()) {
      slots.add(slot);
      footers.add(reader.readDescription(keys.wal(slot)));
    }
    return CompletableFuture.allOf(footers.toArray(CompletableFuture[]::new))
        .thenCompose(
            done -> {
              int found = 0;
              List<SortedObject> objects = new ArrayList<>();
              while (found < slots.size() && footers.get(found).join().isPresent()) {
                objects.add(footers.get(found).join().get());
                found++;
              }
              add(slots, objects);
              if (found == slots.size()) {
                return readLog(acked, attemptsLeft);
              }
              WalSlot missing = slots.get(found);
              if (attemptsLeft == 0) {
                throw new CorruptObjectException(
                    "acknowledged object of the log is missing: key=" + keys.wal(missing));
              }
              return reload().thenCompose(reloaded -> readLog(acked, attemptsLeft - 1));
            });
  }

  private void add(List<WalSlot> slots, List<SortedObject> objects) {
    if (objects.isEmpty()) {
      return;
    }
    List<LogObject> more = new ArrayList<>();
    for (int i = 0; i < objects.size(); i++) {
      SortedObject object = objects.get(i);
      indexes.putLoaded(object);
      more.add(new LogObject(slots.get(i), ObjectRef.of(id, L0Ref.of(object))));
    }
    show(view.manifest(), more);
    known = slots.get(objects.size() - 1);
    Map<PartitionId, Long> grown = new HashMap<>();
    for (SortedObject object : objects) {
      for (Section section : object.sections()) {
        reach(
            section.partition(),
            section.nextOffset(),
            section.lastLeaderEpoch(),
            section.length(),
            grown);
      }
    }
    tell(grown);
  }

  /** The newest of two manifests, and what of the log lies behind it. */
  private synchronized void show(Manifest manifest, List<LogObject> more) {
    Manifest newest = manifest.id() > view.manifest().id() ? manifest : view.manifest();
    List<LogObject> log = new ArrayList<>(view.log());
    log.addAll(more);
    view = View.of(newest, log);
  }

  /** One that names more than is known here would leave a gap behind what it names. */
  private void showIfKnown(Manifest newest) {
    if (newest.replayAfter().compareTo(known) <= 0) {
      show(newest, List.of());
    }
  }

  private void reach(
      PartitionId partition,
      long endOffset,
      int leaderEpoch,
      long bytes,
      Map<PartitionId, Long> grown) {
    End before = ends.get(partition);
    if (before == null || before.offset() < endOffset) {
      ends.put(
          partition,
          before == null ? End.of(endOffset, leaderEpoch) : before.next(endOffset, leaderEpoch));
      grown.merge(partition, bytes, Long::sum);
    }
  }

  private void tell(Map<PartitionId, Long> grown) {
    if (!grown.isEmpty()) {
      listener.onAdvanced(grown);
    }
  }

  /**
   * Like {@link LanePartition#read}, below {@link #endOffset}; empty with a next offset where log
   * compaction left nothing up to there.
   */
  public CompletableFuture<BatchSlices> read(
      PartitionId partition, long offset, int maxBytes, boolean atLeastOne, long upTo) {
    long bound = Math.min(upTo, endOffset(partition, Integer.MAX_VALUE));
    return offset >= bound
        ? CompletableFuture.completedFuture(BatchSlices.empty())
        : alarm.watch(read(partition, offset, maxBytes, atLeastOne, bound, ATTEMPTS));
  }

  private CompletableFuture<BatchSlices> read(
      PartitionId partition,
      long offset,
      int maxBytes,
      boolean atLeastOne,
      long bound,
      int attemptsLeft) {
    View seen = view;
    CompletableFuture<BatchSlices> read =
        scan.read(seen.objects(), partition, offset, maxBytes, atLeastOne, bound)
            .thenApply(
                slices -> {
                  if (atLeastOne && slices.isEmpty() && slices.nextOffset() <= offset) {
                    throw new OffsetGoneException(partition, offset, bound);
                  }
                  return slices;
                });
    return read.handle(
            (slices, failure) ->
                failure != null
                        && Failures.causeOf(failure) instanceof ObjectGoneException
                        && attemptsLeft > 0
                    ? newerThan(seen)
                        .thenCompose(
                            newer ->
                                read(
                                    partition,
                                    offset,
                                    maxBytes,
                                    atLeastOne,
                                    bound,
                                    attemptsLeft - 1))
                    : read)
        .thenCompose(next -> next);
  }

  private CompletableFuture<Void> newerThan(View seen) {
    return view == seen
        ? manifests.refresh().thenAccept(newest -> show(newest, List.of()))
        : CompletableFuture.completedFuture(null);
  }
}
