package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.PartitionTable.SnapshotRef;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.DirectoryReader;
import io.sediment.lsm.run.RunProducers;
import io.sediment.lsm.run.RunSection;
import io.sediment.lsm.scan.DeadObjects.Dead;
import io.sediment.objectstore.ObjectKey;
import io.sediment.runtime.Failures;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Objects without live records that still carry producer states: they stay until a newer snapshot
 * replaces these, or the producers have expired. Else deleting records would make the lane forget
 * which batches it has seen. One pass at a time.
 */
final class ProducerCarriers {
  private final LaneParts parts;
  private final SortedObjectReader reader;
  private final DirectoryReader directories;
  private final Map<ObjectKey, Long> neededUntilMs = new HashMap<>(); // by the pass in progress

  ProducerCarriers(LaneParts parts, SortedObjectReader reader, DirectoryReader directories) {
    this.parts = parts;
    this.reader = reader;
    this.directories = directories;
  }

  /** Those of the dead objects that nobody needs for producer states. */
  CompletableFuture<List<Dead>> withoutNeeded(
      LaneObjects.View view, List<Dead> dead, PartitionTable table, Set<UUID> goneTopics) {
    Map<ObjectKey, L0Ref> refs = new HashMap<>();
    view.manifest().l0().forEach(ref -> refs.put(ref.key(view.manifest().lane()), ref));
    List<CompletableFuture<Boolean>> needed = new ArrayList<>(dead.size());
    for (Dead each : dead) {
      // What it carries nobody can read: it would only keep its partitions' producers out.
      needed.add(
          each.isUnseen()
              ? CompletableFuture.completedFuture(false)
              : isNeeded(view, refs, each, table, goneTopics));
    }
    return CompletableFuture.allOf(needed.toArray(CompletableFuture[]::new))
        .thenApply(
            done -> {
              List<Dead> free = new ArrayList<>();
              for (int i = 0; i < dead.size(); i++) {
                if (!needed.get(i).join()) {
                  free.add(dead.get(i));
                  neededUntilMs.remove(dead.get(i).object().key());
                }
              }
              return free;
            });
  }

  private CompletableFuture<Boolean> isNeeded(
      LaneObjects.View view,
      Map<ObjectKey, L0Ref> refs,
      Dead dead,
      PartitionTable table,
      Set<UUID> goneTopics) {
    RunRef run = dead.object().run();
    if (run != null) {
      return isNeeded(view.manifest().lane(), run, table, goneTopics);
    }
    L0Ref ref = refs.get(dead.object().key());
    return ref == null
        ? CompletableFuture.completedFuture(false)
        : isNeeded(ref, dead, table, goneTopics);
  }

  private CompletableFuture<Boolean> isNeeded(
      LaneId lane, RunRef run, PartitionTable table, Set<UUID> goneTopics) {
    ObjectKey key = run.key(lane);
    long nowMs = parts.environment().clock().millis();
    Long until = neededUntilMs.get(key);
    if (until != null && nowMs <= until) {
      return CompletableFuture.completedFuture(true);
    }
    return directories
        .read(lane, run)
        .thenApply(
            found -> {
              long lastMs = Long.MIN_VALUE;
              for (RunSection section : found.map(Directory::sections).orElse(List.of())) {
                PartitionId partition = section.partition();
                boolean isCarried =
                    !section.producers().isEmpty()
                        && !goneTopics.contains(partition.topicId())
                        && carries(run, section.producers(), table.rows().get(partition));
                if (isCarried) {
                  lastMs = Math.max(lastMs, lastHeardOf(section.producers().entries()));
                }
              }
              if (lastMs == Long.MIN_VALUE) {
                return false;
              }
              long expiresMs = lastMs + parts.config().producerExpiry().toMillis();
              neededUntilMs.put(key, expiresMs);
              return nowMs <= expiresMs;
            })
        .exceptionally(ProducerCarriers::staysIfDamaged);
  }

  /** Nobody knows what it carries; it must not hold up the others. */
  private static boolean staysIfDamaged(Throwable failure) {
    if (Failures.causeOf(failure) instanceof CorruptObjectException) {
      return true;
    }
    throw new CompletionException(Failures.causeOf(failure));
  }

  private static boolean carries(RunRef run, RunProducers producers, @Nullable Row row) {
    if (row == null) {
      return false;
    }
    SnapshotRef snapshot = row.producers();
    long snapshotEpoch = snapshot == null ? 0 : snapshot.epoch();
    return producers.isSnapshot()
        ? snapshot != null && run.covers(new Place(snapshot.epoch(), snapshot.number()))
        : producers.changesEpoch() >= snapshotEpoch; // see ProducerLoader
  }

  private CompletableFuture<Boolean> isNeeded(
      L0Ref ref, Dead dead, PartitionTable table, Set<UUID> goneTopics) {
    Set<PartitionId> carried = new HashSet<>();
    for (PartitionId partition : dead.bytes().keySet()) {
      if (!goneTopics.contains(partition.topicId()) && carries(ref, table.rows().get(partition))) {
        carried.add(partition);
      }
    }
    if (carried.isEmpty()) {
      return CompletableFuture.completedFuture(false);
    }
    long nowMs = parts.environment().clock().millis();
    Long until = neededUntilMs.get(dead.object().key());
    if (until != null && nowMs <= until) {
      return CompletableFuture.completedFuture(true);
    }
    return reader
        .readDescription(dead.object().key())
        .thenApply(
            found -> {
              long lastMs = Long.MIN_VALUE;
              for (Section section : found.map(it -> it.sections()).orElse(List.of())) {
                if (carried.contains(section.partition())) {
                  lastMs = Math.max(lastMs, lastHeardOf(section.producers()));
                }
              }
              if (lastMs == Long.MIN_VALUE) {
                return false; // no producers at all
              }
              long expiresMs = lastMs + parts.config().producerExpiry().toMillis();
              neededUntilMs.put(dead.object().key(), expiresMs);
              return nowMs <= expiresMs;
            })
        .exceptionally(ProducerCarriers::staysIfDamaged);
  }

  /** Whether the object is where the partition's producer states are, or part of where. */
  private static boolean carries(L0Ref ref, @Nullable Row row) {
    if (row == null) {
      return false;
    }
    SnapshotRef snapshot = row.producers();
    if (ref.isAdoptedWal()) {
      return snapshot == null || ref.epoch() >= snapshot.epoch(); // see ProducerLoader
    }
    return snapshot != null
        && snapshot.kind() == ref.kind()
        && snapshot.epoch() == ref.epoch()
        && snapshot.number() == ref.number();
  }

  private static long lastHeardOf(List<ProducerEntry> producers) {
    long last = Long.MIN_VALUE;
    for (ProducerEntry producer : producers) {
      boolean isOpen = producer.txnFirstOffset() != ProducerEntry.NO_OPEN_TXN;
      last = Math.max(last, isOpen ? Long.MAX_VALUE / 2 : producer.lastAppendMs());
    }
    return last;
  }
}
