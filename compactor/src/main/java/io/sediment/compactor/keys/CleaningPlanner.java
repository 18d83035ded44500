package io.sediment.compactor.keys;

import io.sediment.compactor.CompactionPlan;
import io.sediment.compactor.CompactionPlan.Reason;
import io.sediment.compactor.Liveness;
import io.sediment.compactor.SourceSection;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.manifest.RunRef;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Looks for partitions of one lane whose runs are to be cleaned. Reads the directory of each run
 * once; keeps of it what compacted topics have there. One call at a time.
 */
final class CleaningPlanner {
  private final CompactedTopics topics;

  /** Of each run, by its directory's epoch and number: the sections of compacted topics. */
  private Map<RunRef, List<SourceSection>> known = new HashMap<>();

  private Set<UUID> knownTopics = Set.of();

  CleaningPlanner(CompactedTopics topics) {
    this.topics = topics;
  }

  /**
   * @param runs that may be merged, oldest first
   * @param uncleanable partitions to be left alone
   * @param sections reads a run's directory
   */
  CompletableFuture<Optional<CompactionPlan>> plan(
      List<RunRef> runs,
      Liveness liveness,
      Set<PartitionId> uncleanable,
      long nowMs,
      Function<RunRef, CompletableFuture<List<SourceSection>>> sections) {
    Set<UUID> compacted = topics.ids();
    if (!compacted.equals(knownTopics)) {
      known = new HashMap<>();
      knownTopics = compacted;
    }
    known.keySet().retainAll(runs);
    if (compacted.isEmpty()) {
      return CompletableFuture.completedFuture(Optional.empty());
    }
    CompletableFuture<Void> looked = CompletableFuture.completedFuture(null);
    for (RunRef run : runs) {
      if (!known.containsKey(run)) {
        looked =
            looked
                .thenCompose(before -> sections.apply(run))
                .thenAccept(
                    all ->
                        known.put(
                            run,
                            all.stream()
                                .filter(it -> compacted.contains(it.partition().topicId()))
                                .toList()));
      }
    }
    return looked.thenApply(done -> plan(runs, liveness, uncleanable, nowMs));
  }

  private Optional<CompactionPlan> plan(
      List<RunRef> runs, Liveness liveness, Set<PartitionId> uncleanable, long nowMs) {
    Map<PartitionId, List<SourceSection>> partitions = new TreeMap<>();
    for (RunRef run : runs) {
      for (SourceSection section : known.getOrDefault(run, List.of())) {
        if (!liveness.isDeleted(section.partition())
            && !uncleanable.contains(section.partition())) {
          partitions.computeIfAbsent(section.partition(), none -> new ArrayList<>()).add(section);
        }
      }
    }
    Set<PartitionId> due = new HashSet<>();
    partitions.forEach(
        (partition, ofPartition) -> {
          if (isDue(partition, ofPartition, liveness, nowMs)) {
            due.add(partition);
          }
        });
    if (due.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(new CompactionPlan(Reason.CLEAN, runsTogether(runs, due), List.of()));
  }

  private boolean isDue(
      PartitionId partition, List<SourceSection> sections, Liveness liveness, long nowMs) {
    PartitionState state = PartitionState.of(sections);
    return CleaningPolicy.plan(
            state.stretches(liveness.logStart(partition)),
            topics.settings(partition.topicId()),
            state.lastStableOffset(),
            nowMs)
        .isPresent();
  }

  /**
   * The runs that hold any of the partitions, and those that hold what these hold besides: the
   * results stand in one place, so no partition may have offsets in a run that is left between.
   */
  private List<RunRef> runsTogether(List<RunRef> runs, Set<PartitionId> due) {
    Set<PartitionId> moved = new HashSet<>(due);
    Set<RunRef> chosen = new HashSet<>();
    boolean grows = true;
    while (grows) {
      grows = false;
      for (RunRef run : runs) {
        List<SourceSection> here = known.getOrDefault(run, List.of());
        if (!chosen.contains(run)
            && here.stream().anyMatch(section -> moved.contains(section.partition()))) {
          chosen.add(run);
          here.forEach(section -> moved.add(section.partition()));
          grows = true;
        }
      }
    }
    return runs.stream().filter(chosen::contains).toList();
  }
}
