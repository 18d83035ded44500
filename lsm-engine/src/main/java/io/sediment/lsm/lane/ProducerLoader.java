package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.PartitionProducers.Snapshot;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTable.SnapshotRef;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducerStates;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.lsm.run.RunProducers;
import io.sediment.lsm.run.RunSection;
import io.sediment.lsm.scan.ObjectGoneException;
import io.sediment.objectstore.ObjectKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds the producer states of a partition as they were when the lane was opened: the newest
 * snapshot, which may have moved into a run meanwhile, and what the partition table says was
 * changed since. Loaded on first use, once: most partitions never need theirs.
 *
 * <p>A table of an older version does not know the changes: then they are in the WAL objects
 * adopted after the snapshot, or in the runs that these have moved into, which are read once for
 * all partitions.
 */
final class ProducerLoader {
  private static final int SNAPSHOT_OBJECTS_KEPT = 8;
  private static final int MANIFESTS_KEPT = 8;

  /** The objects that a manifest names, from an epoch on. */
  private record Since(long manifestId, long snapshotEpoch) {}

  /** Of each partition what changed, in log order. */
  private record Changes(Map<PartitionId, List<RunProducers>> byPartition) {
    static Changes of(List<CompletableFuture<Known>> inLogOrder) {
      Map<PartitionId, List<RunProducers>> all = new HashMap<>();
      for (CompletableFuture<Known> read : inLogOrder) {
        read.join()
            .byPartition
            .forEach(
                (partition, change) ->
                    all.computeIfAbsent(partition, id -> new ArrayList<>())
                        .add(change.producers()));
      }
      return new Changes(all);
    }

    List<RunProducers> of(PartitionId partition) {
      return byPartition.getOrDefault(partition, List.of());
    }
  }

  /** Forgets what was not asked for longest. */
  private static final class Newest<K, V> extends LinkedHashMap<K, V> {
    private static final long serialVersionUID = 1;
    private final int kept;

    Newest(int kept) {
      super(16, 0.75f, true);
      this.kept = kept;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
      return size() > kept;
    }
  }

  /**
   * What a section knows of producers; changes in an adopted WAL object, else mostly states.
   *
   * @param endOffset as of which
   */
  private record AsOf(RunProducers producers, long endOffset) {
    static final AsOf NOTHING = new AsOf(RunProducers.NONE, 0);
  }

  private record Known(Map<PartitionId, AsOf> byPartition) {
    AsOf of(PartitionId partition) {
      return byPartition.getOrDefault(partition, AsOf.NOTHING);
    }
  }

  private final LaneObjects objects;
  private final PartitionTable table;
  private final SortedObjectReader reader;
  private final DirectoryReader directories;
  private final ProducerExpiry expiry;
  private final Map<PartitionId, CompletableFuture<PartitionProducers>> loading =
      new HashMap<>(); // guarded by this
  private final Map<ObjectKey, CompletableFuture<Known>> changes = new HashMap<>(); // by this
  private final Map<ObjectKey, CompletableFuture<Known>> snapshots = // guarded by this
      new Newest<>(SNAPSHOT_OBJECTS_KEPT);
  private final Map<Since, CompletableFuture<Changes>> changesSince = // guarded by this
      new Newest<>(MANIFESTS_KEPT);

  /**
   * @param objects as they are now
   * @param table at opening
   */
  ProducerLoader(
      LaneObjects objects,
      PartitionTable table,
      SortedObjectReader reader,
      DirectoryReader directories,
      ProducerExpiry expiry) {
    this.objects = objects;
    this.table = table;
    this.reader = reader;
    this.directories = directories;
    this.expiry = expiry;
  }

  /** The partition's producer states, ready for what is appended since. */
  CompletableFuture<PartitionProducers> load(PartitionState partition) {
    CompletableFuture<PartitionProducers> result;
    synchronized (this) {
      PartitionProducers here = partition.producers();
      if (here != null) {
        return CompletableFuture.completedFuture(here);
      }
      CompletableFuture<PartitionProducers> underWay = loading.get(partition.id());
      if (underWay != null) {
        return underWay;
      }
      result = new CompletableFuture<>();
      loading.put(partition.id(), result);
    }
    atOpening(partition.id())
        .whenComplete(
            (snapshot, failure) -> {
              PartitionProducers loaded =
                  snapshot == null ? null : new PartitionProducers(snapshot, expiry);
              synchronized (this) {
                if (loaded != null) {
                  partition.know(loaded);
                }
                loading.remove(partition.id());
              }
              if (loaded != null) {
                result.complete(loaded);
              } else {
                result.completeExceptionally(failure);
              }
            });
    return result;
  }

  private CompletableFuture<Snapshot> atOpening(PartitionId partition) {
    Optional<Row> row = table.row(partition);
    return row.isEmpty()
        ? CompletableFuture.completedFuture(new Snapshot(List.of(), false))
        : objects.withView(view -> in(view.manifest(), partition, row.get()));
  }

  private CompletableFuture<Snapshot> in(Manifest manifest, PartitionId partition, Row row) {
    SnapshotRef snapshot = row.producers();
    CompletableFuture<AsOf> base =
        snapshot == null
            ? CompletableFuture.completedFuture(AsOf.NOTHING)
            : snapshot(manifest, partition, snapshot);
    return row.sinceSnapshot().isKnown()
        ? base.thenApply(state -> new Snapshot(withChanges(state, row), isInherited(state, row)))
        : base.thenCombine(
            changesSince(manifest, snapshot == null ? 0 : snapshot.epoch()),
            (state, changes) ->
                new Snapshot(
                    withChanges(state, partition, snapshot, changes), isInherited(state, row)));
  }

  /** Where the snapshot is lost, older lanes know more than nothing. */
  private static boolean isInherited(AsOf snapshot, Row row) {
    return row.isInherited() && !snapshot.producers().isEmpty();
  }

  /** A compaction may have folded a part of the changes into the state, or all of them. */
  private static List<ProducerEntry> withChanges(AsOf state, Row row) {
    ProducerStates states = ProducerStates.of(state.producers().entries());
    if (state.endOffset() < row.nextOffset()) {
      row.sinceSnapshot().entries().forEach(states::applyWhatIsNew);
    }
    return states.snapshot();
  }

  private static List<ProducerEntry> withChanges(
      AsOf state, PartitionId partition, @Nullable SnapshotRef snapshot, Changes changes) {
    ProducerStates states = ProducerStates.of(state.producers().entries());
    // An L0 of some epoch holds everything adopted under that epoch and before.
    long epochMin = snapshot == null ? 1 : Math.max(1, snapshot.epoch());
    for (RunProducers change : changes.of(partition)) {
      if (change.changesEpoch() >= epochMin) {
        states.apply(change.entries());
      }
    }
    return states.snapshot();
  }

  /** None where the object is in no level: then all of the partition in it was dropped. */
  private CompletableFuture<AsOf> snapshot(
      Manifest manifest, PartitionId partition, SnapshotRef snapshot) {
    for (L0Ref ref : manifest.l0()) {
      if (ref.kind() == snapshot.kind()
          && ref.epoch() == snapshot.epoch()
          && ref.number() == snapshot.number()) {
        return snapshotsIn(ref.key(manifest.lane()), () -> inObject(manifest.lane(), ref))
            .thenApply(found -> found.of(partition));
      }
    }
    Place place = new Place(snapshot.epoch(), snapshot.number());
    CompletableFuture<AsOf> found = CompletableFuture.completedFuture(AsOf.NOTHING);
    for (RunRef run : manifest.level1().runs()) {
      if (run.covers(place)) {
        CompletableFuture<Known> inRun =
            snapshotsIn(run.key(manifest.lane()), () -> inRun(manifest.lane(), run));
        found =
            found.thenCombine(
                inRun,
                (sofar, here) ->
                    here.of(partition).producers().isSnapshot() ? here.of(partition) : sofar);
      }
    }
    return found;
  }

  /** All snapshots in one object: a thousand partitions mostly have theirs in the same few. */
  private synchronized CompletableFuture<Known> snapshotsIn(
      ObjectKey key, Supplier<CompletableFuture<Known>> read) {
    return once(snapshots, key, read);
  }

  /**
   * Put together once for all partitions: a lane just sealed has thousands of objects, and a
   * takeover asks for hundreds of partitions at the same time.
   */
  private synchronized CompletableFuture<Changes> changesSince(
      Manifest manifest, long snapshotEpoch) {
    return once(
        changesSince,
        new Since(manifest.id(), snapshotEpoch),
        () -> readChanges(manifest, snapshotEpoch));
  }

  /** What was read once is kept, so that a try after a failure has less to read. */
  private synchronized CompletableFuture<Changes> readChanges(
      Manifest manifest, long snapshotEpoch) {
    List<CompletableFuture<Known>> reads = new ArrayList<>();
    for (RunRef run : manifest.level1().runs()) {
      if (run.changesEpoch() >= Math.max(1, snapshotEpoch)) {
        reads.add(once(changes, run.key(manifest.lane()), () -> inRun(manifest.lane(), run)));
      }
    }
    for (L0Ref ref : manifest.l0()) {
      if (ref.isAdoptedWal() && ref.epoch() >= snapshotEpoch) {
        reads.add(once(changes, ref.key(manifest.lane()), () -> inObject(manifest.lane(), ref)));
      }
    }
    return CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
        .thenApply(all -> Changes.of(reads));
  }

  private static <K, V> CompletableFuture<V> once(
      Map<K, CompletableFuture<V>> cache, K key, Supplier<CompletableFuture<V>> read) {
    CompletableFuture<V> here = cache.get(key);
    if (here == null || here.isCompletedExceptionally()) {
      here = read.get();
      cache.put(key, here);
    }
    return here;
  }

  private CompletableFuture<Known> inObject(LaneId lane, L0Ref ref) {
    ObjectKey key = ref.key(lane);
    long changesEpoch = ref.isAdoptedWal() ? ref.epoch() : 0;
    return reader
        .readDescription(key)
        .thenApply(
            found -> {
              Map<PartitionId, AsOf> byPartition = new HashMap<>();
              SortedObject object = found.orElseThrow(() -> new ObjectGoneException(key));
              for (Section section : object.sections()) {
                if (!section.producers().isEmpty()) {
                  byPartition.put(
                      section.partition(),
                      new AsOf(
                          new RunProducers(changesEpoch, section.producers()),
                          section.nextOffset()));
                }
              }
              return new Known(byPartition);
            });
  }

  private CompletableFuture<Known> inRun(LaneId lane, RunRef run) {
    return directories
        .read(lane, run)
        .thenApply(
            found -> {
              Map<PartitionId, AsOf> byPartition = new HashMap<>();
              Directory directory = found.orElseThrow(() -> new ObjectGoneException(run.key(lane)));
              for (RunSection section : directory.sections()) {
                if (!section.producers().isEmpty()) {
                  byPartition.put(
                      section.partition(), new AsOf(section.producers(), section.toOffset()));
                }
              }
              return new Known(byPartition);
            });
  }
}
