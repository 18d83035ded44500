package io.sediment.lsm.lane;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.ManifestEdit.DropObjects;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTable.Row;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.scan.DeadObjects;
import io.sediment.lsm.scan.DeadObjects.Dead;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets old data go: takes objects out of the manifest that hold nothing at or above any log start.
 * The garbage collector then deletes them.
 */
final class LaneRetention {
  private static final Logger log = LoggerFactory.getLogger(LaneRetention.class);

  private final LaneParts parts;
  private final LaneFlusher flusher;
  private final DeadObjects deadObjects;
  private final ProducerCarriers carriers;
  private CompletableFuture<Set<UUID>> lastReclaim = // guarded by this
      CompletableFuture.completedFuture(Set.of());

  LaneRetention(LaneParts parts, LaneFlusher flusher, ProducerCarriers carriers) {
    this.carriers = carriers;
    this.parts = parts;
    this.flusher = flusher;
    this.deadObjects = new DeadObjects(parts.indexes(), parts.environment().scheduler());
  }

  /** One at a time. */
  synchronized CompletableFuture<Set<UUID>> reclaim(
      Map<PartitionId, Long> logStarts, Set<UUID> deletedTopics) {
    lastReclaim =
        lastReclaim
            .handle((before, failure) -> before)
            .thenCompose(
                before -> {
                  // Before the view is taken: what leaves memory from here on is in the view.
                  Set<UUID> inUse = topicsInUse();
                  return parts
                      .objects()
                      .withView(view -> reclaim(view, logStarts, deletedTopics, inUse));
                });
    return lastReclaim.copy();
  }

  private CompletableFuture<Set<UUID>> reclaim(
      LaneObjects.View view,
      Map<PartitionId, Long> logStarts,
      Set<UUID> deletedTopics,
      Set<UUID> inUse) {
    return deadObjects
        .find(view.objects(), logStarts, deletedTopics, this::flushedEnds)
        .thenCompose(
            result -> {
              Set<UUID> gone = new HashSet<>(deletedTopics);
              gone.removeAll(result.topicsHeld());
              gone.removeAll(inUse);
              Set<UUID> known = topicsKnown(gone);
              if (result.dead().isEmpty() && known.isEmpty()) {
                return CompletableFuture.completedFuture(hasNewRuns(view) ? Set.of() : gone);
              }
              return flusher
                  .inTurn((table, number) -> drop(view, result.dead(), known, table, number))
                  .thenApply(done -> hasNewRuns(view) ? Set.<UUID>of() : gone);
            });
  }

  /** Later than the view, so that nothing in it ends above. */
  private Map<PartitionId, Long> flushedEnds() {
    Map<PartitionId, Long> ends = new HashMap<>();
    parts
        .partitions()
        .forEach(
            (partition, state) ->
                ends.put(
                    partition, Math.min(state.endOffset, state.tails().unflushedBaseOffset())));
    return ends;
  }

  /**
   * A compaction that was committed since the view was taken may have moved what the view has in
   * level 0 to where nobody has looked yet.
   */
  private boolean hasNewRuns(LaneObjects.View seen) {
    List<RunRef> before = seen.manifest().level1().runs();
    return parts.manifests().current().level1().runs().stream()
        .anyMatch(run -> before.stream().noneMatch(run::names));
  }

  /** Topics with partitions that are open, or in memory only. */
  private Set<UUID> topicsInUse() {
    Set<UUID> topics = new HashSet<>();
    for (PartitionState state : parts.partitions().values()) {
      OpenPartition open = state.open;
      if ((open != null && !open.drained.isDone()) || state.tails().unflushedBytes() > 0) {
        topics.add(state.id().topicId());
      }
    }
    return topics;
  }

  private Set<UUID> topicsKnown(Set<UUID> topics) {
    return parts.partitions().keySet().stream()
        .map(PartitionId::topicId)
        .filter(topics::contains)
        .collect(Collectors.toSet());
  }

  private CompletableFuture<PartitionTable> drop(
      LaneObjects.View view,
      List<Dead> dead,
      Set<UUID> goneTopics,
      PartitionTable before,
      long number) {
    return carriers
        .withoutNeeded(view, dead, before, goneTopics)
        .thenCompose(free -> dropFree(view, free, goneTopics, before, number));
  }

  private CompletableFuture<PartitionTable> dropFree(
      LaneObjects.View view,
      List<Dead> dead,
      Set<UUID> goneTopics,
      PartitionTable before,
      long number) {
    boolean knowsNone = before.without(goneTopics).rows().size() == before.rows().size();
    if (dead.isEmpty() && knowsNone) {
      forget(dead, goneTopics);
      return CompletableFuture.completedFuture(before);
    }
    PartitionTable after =
        new PartitionTable(before.lane(), parts.term().epoch(), number, rowsWithout(dead, before))
            .without(goneTopics);
    boolean losesRows = after.rows().size() < before.rows().size();
    CompletableFuture<@Nullable TableRef> table =
        losesRows
            ? LaneRecovery.writeTable(parts.store(), after).thenApply(ref -> ref)
            : CompletableFuture.completedFuture(null);
    return table
        .thenCompose(
            ref ->
                parts
                    .manifests()
                    .commit(new DropObjects(parts.term(), refs(view, dead), runs(dead), ref)))
        .thenApply(
            manifest -> {
              parts.objects().publish(manifest);
              forget(dead, goneTopics);
              parts.garbage().onCommit();
              log.info(
                  "dropped: lane={} objects={} topics={} manifest={}",
                  parts.lane(),
                  dead.size(),
                  goneTopics.size(),
                  manifest.id());
              return after;
            });
  }

  private static SortedMap<PartitionId, Row> rowsWithout(List<Dead> dead, PartitionTable before) {
    SortedMap<PartitionId, Row> rows = new TreeMap<>(before.rows());
    for (Dead object : dead) {
      object
          .bytes()
          .forEach(
              (partition, bytes) ->
                  rows.computeIfPresent(partition, (id, row) -> row.minus(bytes)));
    }
    return rows;
  }

  private static List<RunRef> runs(List<Dead> dead) {
    return dead.stream().map(each -> each.object().run()).filter(Objects::nonNull).toList();
  }

  private static List<L0Ref> refs(LaneObjects.View view, List<Dead> dead) {
    Set<?> keys = dead.stream().map(it -> it.object().key()).collect(Collectors.toSet());
    return view.manifest().l0().stream()
        .filter(ref -> keys.contains(ref.key(view.manifest().lane())))
        .toList();
  }

  private void forget(List<Dead> dead, Set<UUID> goneTopics) {
    for (Dead object : dead) {
      parts.indexes().forget(object.object().key());
      object
          .bytes()
          .forEach(
              (partition, bytes) -> {
                PartitionState state = parts.partitions().get(partition);
                if (state != null) {
                  state.addStoredBytes(-bytes);
                }
              });
    }
    parts.partitions().keySet().removeIf(id -> goneTopics.contains(id.topicId()));
  }
}
