package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.memtable.Memtable;
import io.sediment.lsm.memtable.PartitionTail;
import io.sediment.lsm.object.EncodedObject;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObjectOptions;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.Failures;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentMap;

/**
 * Makes the L0 of a memtable: gathers the slabs in partition order, and adds a snapshot of its
 * producers to every partition where they changed. Memtables come in the order they were cut, one
 * after the other.
 */
final class L0Builder {
  /**
   * An object; its bytes lie in the memtable's slabs.
   *
   * @param inherited partitions whose snapshots have what older lanes know of producers
   */
  record Built(EncodedObject object, Set<PartitionId> inherited) {}

  private final ConcurrentMap<PartitionId, PartitionState> partitions;
  private final ProducerLoader loader;
  private final PatientStore patiently;

  L0Builder(
      ConcurrentMap<PartitionId, PartitionState> partitions,
      ProducerLoader loader,
      PatientStore patiently) {
    this.partitions = partitions;
    this.loader = loader;
    this.patiently = patiently;
  }

  CompletableFuture<Built> build(Memtable memtable, ObjectIdentity identity) {
    List<PartitionTail> tails = memtable.sortedTails();
    return loadProducers(tails).thenApply(loaded -> write(tails, identity));
  }

  private CompletableFuture<Void> loadProducers(List<PartitionTail> tails) {
    List<CompletableFuture<PartitionProducers>> loads = new ArrayList<>();
    for (PartitionTail tail : tails) {
      PartitionState partition = state(tail);
      if (partition.producers() == null && !tail.producerChanges().isEmpty()) {
        loads.add(patiently.call("producer snapshot read", () -> load(partition)));
      }
    }
    return CompletableFuture.allOf(loads.toArray(CompletableFuture[]::new));
  }

  /** Damage counts as unavailable: without the snapshot nothing can be flushed, so keep asking. */
  private CompletableFuture<PartitionProducers> load(PartitionState partition) {
    return loader
        .load(partition)
        .exceptionally(
            failure -> {
              Throwable cause = Failures.causeOf(failure);
              if (cause instanceof CorruptObjectException) {
                throw new ObjectStoreException.Unavailable(
                    "producers of " + partition.id() + ": " + cause.getMessage(), cause);
              }
              throw new CompletionException(cause);
            });
  }

  private Built write(List<PartitionTail> tails, ObjectIdentity identity) {
    SortedObjectWriter writer = new SortedObjectWriter(identity, SortedObjectOptions.DEFAULT);
    Set<PartitionId> inherited = new HashSet<>();
    for (PartitionTail tail : tails) {
      writer.beginSection(tail.partition());
      tail.forEachBatch(writer::add);
      PartitionProducers producers = state(tail).producers();
      if (producers != null && !tail.producerChanges().isEmpty()) {
        PartitionProducers.Snapshot snapshot = producers.flush(tail);
        writer.producers(snapshot.entries());
        if (snapshot.isInherited()) {
          inherited.add(tail.partition());
        }
      }
    }
    return new Built(writer.finish(), inherited);
  }

  private PartitionState state(PartitionTail tail) {
    PartitionState state = partitions.get(tail.partition());
    if (state == null) {
      throw new IllegalStateException("unknown partition in memtable: " + tail.partition());
    }
    return state;
  }
}
