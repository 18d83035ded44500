package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTable.SnapshotRef;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducerStates;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.objectstore.ObjectKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Finds the producer states of a partition as they were when the lane was opened: the newest
 * snapshot, and the changes in WAL objects adopted after it. Loaded on first use, once: most
 * partitions never need theirs, and those adopted objects are read once for all of them.
 */
final class ProducerLoader {
  private static final int SNAPSHOT_OBJECTS_KEPT = 8;

  /** Producer changes in one adopted WAL object. */
  private record Changes(long epoch, Map<PartitionId, List<ProducerEntry>> byPartition) {}

  private final LaneId lane;
  private final PartitionTable table;
  private final List<L0Ref> adopted;
  private final Map<ObjectKey, SortedObject> known = new HashMap<>(); // never changed
  private final SortedObjectReader reader;
  private final Map<PartitionId, CompletableFuture<PartitionProducers>> loading =
      new HashMap<>(); // guarded by this
  private final Map<L0Ref, CompletableFuture<Changes>> changes = new HashMap<>(); // by this
  private final Map<SnapshotRef, CompletableFuture<Map<PartitionId, List<ProducerEntry>>>>
      snapshots = // guarded by this
      new LinkedHashMap<>(16, 0.75f, true) {
            private static final long serialVersionUID = 1;

            @Override
            protected boolean removeEldestEntry(
                Map.Entry<SnapshotRef, CompletableFuture<Map<PartitionId, List<ProducerEntry>>>>
                    eldest) {
              return size() > SNAPSHOT_OBJECTS_KEPT;
            }
          };

  /**
   * @param manifest at opening, adopted objects and all
   * @param table at opening
   * @param sealed descriptions that need not be read again
   */
  ProducerLoader(
      Manifest manifest,
      PartitionTable table,
      List<SortedObject> sealed,
      SortedObjectReader reader) {
    this.lane = manifest.lane();
    this.table = table;
    this.adopted = manifest.l0().stream().filter(L0Ref::isAdoptedWal).toList();
    this.reader = reader;
    sealed.forEach(object -> known.put(object.key(), object));
  }

  /** The partition's producer states, ready for what is appended since. */
  CompletableFuture<PartitionProducers> load(PartitionState partition) {
    PartitionProducers here = partition.producers;
    if (here != null) {
      return CompletableFuture.completedFuture(here);
    }
    CompletableFuture<PartitionProducers> result;
    synchronized (this) {
      CompletableFuture<PartitionProducers> underWay = loading.get(partition.id());
      if (underWay != null) {
        return underWay;
      }
      result = new CompletableFuture<>();
      loading.put(partition.id(), result);
    }
    atOpening(partition.id())
        .whenComplete(
            (states, failure) -> {
              PartitionProducers loaded = states == null ? null : new PartitionProducers(states, 0);
              synchronized (this) {
                if (loaded != null) {
                  partition.producers = loaded;
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

  private CompletableFuture<List<ProducerEntry>> atOpening(PartitionId partition) {
    Optional<Row> row = table.row(partition);
    if (row.isEmpty()) {
      return CompletableFuture.completedFuture(List.of());
    }
    SnapshotRef snapshot = row.get().producers();
    return snapshot(partition, snapshot)
        .thenCombine(
            adoptedChanges(),
            (entries, allChanges) -> {
              ProducerStates states = ProducerStates.of(entries);
              for (Changes change : allChanges) {
                // An L0 of some epoch holds everything adopted under that epoch and before.
                if (snapshot == null || change.epoch() >= snapshot.epoch()) {
                  states.apply(change.byPartition().getOrDefault(partition, List.of()));
                }
              }
              return states.snapshot();
            });
  }

  /** Empty where the object is gone: then all of the partition in it was dropped by retention. */
  private CompletableFuture<List<ProducerEntry>> snapshot(
      PartitionId partition, @Nullable SnapshotRef snapshot) {
    return snapshot == null
        ? CompletableFuture.completedFuture(List.of())
        : snapshots(snapshot).thenApply(all -> all.getOrDefault(partition, List.of()));
  }

  /** All snapshots in one object: a thousand partitions mostly have theirs in the same few. */
  private synchronized CompletableFuture<Map<PartitionId, List<ProducerEntry>>> snapshots(
      SnapshotRef ref) {
    CompletableFuture<Map<PartitionId, List<ProducerEntry>>> known = snapshots.get(ref);
    if (known != null && !known.isCompletedExceptionally()) {
      return known;
    }
    DataKind kind = ref.kind() == SortedObjectKind.L1 ? DataKind.L1 : DataKind.L0;
    CompletableFuture<Map<PartitionId, List<ProducerEntry>>> read =
        reader
            .readDescription(new LaneKeys(lane).data(ref.epoch(), ref.number(), kind))
            .thenApply(ProducerLoader::producersIn);
    snapshots.put(ref, read);
    return read;
  }

  private static Map<PartitionId, List<ProducerEntry>> producersIn(Optional<SortedObject> object) {
    Map<PartitionId, List<ProducerEntry>> byPartition = new HashMap<>();
    for (Section section : object.map(SortedObject::sections).orElse(List.of())) {
      if (!section.producers().isEmpty()) {
        byPartition.put(section.partition(), section.producers());
      }
    }
    return byPartition;
  }

  /** What was read once is kept, so that a try after a failure has less to read. */
  private synchronized CompletableFuture<List<Changes>> adoptedChanges() {
    List<CompletableFuture<Changes>> reads = new ArrayList<>(adopted.size());
    for (L0Ref ref : adopted) {
      CompletableFuture<Changes> known = changes.get(ref);
      if (known == null || known.isCompletedExceptionally()) {
        known = changesIn(ref);
        changes.put(ref, known);
      }
      reads.add(known);
    }
    return CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
        .thenApply(all -> reads.stream().map(CompletableFuture::join).toList());
  }

  private CompletableFuture<Changes> changesIn(L0Ref ref) {
    SortedObject here = known.get(ref.key(lane));
    CompletableFuture<Optional<SortedObject>> object =
        here != null
            ? CompletableFuture.completedFuture(Optional.of(here))
            : reader.readDescription(ref.key(lane));
    return object.thenApply(found -> new Changes(ref.epoch(), producersIn(found)));
  }
}
