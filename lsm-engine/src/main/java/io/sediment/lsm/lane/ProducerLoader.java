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
  /** Producer changes in one adopted WAL object. */
  private record Changes(long epoch, Map<PartitionId, List<ProducerEntry>> byPartition) {}

  private final LaneId lane;
  private final PartitionTable table;
  private final List<L0Ref> adopted;
  private final Map<ObjectKey, SortedObject> known = new HashMap<>(); // never changed
  private final SortedObjectReader reader;
  private final Map<PartitionId, CompletableFuture<PartitionProducers>> loading =
      new HashMap<>(); // guarded by this
  private @Nullable CompletableFuture<List<Changes>> changes; // guarded by this

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
    if (snapshot == null) {
      return CompletableFuture.completedFuture(List.of());
    }
    DataKind kind = snapshot.kind() == SortedObjectKind.L1 ? DataKind.L1 : DataKind.L0;
    return reader
        .readDescription(new LaneKeys(lane).data(snapshot.epoch(), snapshot.number(), kind))
        .thenApply(
            found ->
                found.stream()
                    .flatMap(object -> object.sections().stream())
                    .filter(section -> section.partition().equals(partition))
                    .findFirst()
                    .map(Section::producers)
                    .orElse(List.of()));
  }

  private synchronized CompletableFuture<List<Changes>> adoptedChanges() {
    if (changes == null || changes.isCompletedExceptionally()) {
      List<CompletableFuture<Changes>> reads = new ArrayList<>(adopted.size());
      for (L0Ref ref : adopted) {
        reads.add(changesIn(ref));
      }
      changes =
          CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
              .thenApply(all -> reads.stream().map(CompletableFuture::join).toList());
    }
    return changes;
  }

  private CompletableFuture<Changes> changesIn(L0Ref ref) {
    SortedObject here = known.get(ref.key(lane));
    CompletableFuture<Optional<SortedObject>> object =
        here != null
            ? CompletableFuture.completedFuture(Optional.of(here))
            : reader.readDescription(ref.key(lane));
    return object.thenApply(
        found -> {
          Map<PartitionId, List<ProducerEntry>> byPartition = new HashMap<>();
          for (Section section : found.map(SortedObject::sections).orElse(List.of())) {
            if (!section.producers().isEmpty()) {
              byPartition.put(section.partition(), section.producers());
            }
          }
          return new Changes(ref.epoch(), byPartition);
        });
  }
}
