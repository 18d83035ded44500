package io.sediment.compactor;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.CompactableLane;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.JobProgress;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit.RecordProgress;
import io.sediment.lsm.manifest.ManifestEdit.ReplaceWithRuns;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.StaleSourcesException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * One attempt to carry a plan out: read what the sources hold, turn it around, write a run per
 * retention class, then one manifest commit that puts the runs in the sources' place.
 *
 * <p>It may end at any point. Until the commit nothing that counts has changed: what was written is
 * garbage, or, once an object is complete and recorded, what the next attempt goes on from. After
 * the commit the sources are garbage. The compactor's epoch keeps out whoever was replaced.
 */
final class CompactionJob {
  private static final int READS_AT_ONCE = 16;

  private final CompactableLane lane;
  private final JobContext context;
  private final CompactionPlan plan;
  private final Liveness liveness;
  private final SourceReader reader;
  private final List<DataRef> outputs = new ArrayList<>();

  /**
   * @param finished of an attempt before this one, from the manifest
   */
  CompactionJob(
      CompactableLane lane,
      JobContext context,
      CompactionPlan plan,
      List<DataRef> finished,
      Liveness liveness) {
    this.lane = lane;
    this.context = context;
    this.plan = plan;
    this.liveness = liveness;
    this.reader = new SourceReader(lane.id(), context.store(), context.damaged());
    outputs.addAll(finished);
  }

  /**
   * Fails with {@link StaleSourcesException} where a source was dropped meanwhile, with {@link
   * io.sediment.lsm.CorruptObjectException} for a damaged source, as the store does, and with
   * {@link io.sediment.lsm.manifest.CompactorFencedException}.
   */
  CompletableFuture<CompactionResult> run() {
    List<CompletableFuture<List<SourceSection>>> none = new ArrayList<>();
    return lane.newest()
        .thenCompose(
            manifest ->
                loadAll(plan.runs(), reader::read, none)
                    .thenCompose(
                        runs -> passesNothing(manifest, runs).thenCompose(passes -> loadL0(runs))))
        .thenCompose(
            sources ->
                loadAll(outputs, reader::read, new ArrayList<>())
                    .thenComposeAsync(done -> write(sources, done), context.executor()));
  }

  // -- reading -----------------------------------------------------------------------------------

  private CompletableFuture<List<List<SourceSection>>> loadL0(List<List<SourceSection>> runs) {
    List<DataRef> refs = plan.l0().stream().map(DataRef::of).toList();
    return loadAll(refs, reader::read, new ArrayList<>())
        .thenApply(
            l0 -> {
              List<List<SourceSection>> all = new ArrayList<>(runs);
              all.addAll(l0);
              return all;
            });
  }

  private static <T> CompletableFuture<List<List<SourceSection>>> loadAll(
      List<T> refs,
      Function<T, CompletableFuture<List<SourceSection>>> read,
      List<CompletableFuture<List<SourceSection>>> reads) {
    if (reads.size() == refs.size()) {
      return CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
          .thenApply(done -> reads.stream().map(CompletableFuture::join).toList());
    }
    int to = Math.min(refs.size(), reads.size() + READS_AT_ONCE);
    refs.subList(reads.size(), to).forEach(ref -> reads.add(read.apply(ref)));
    return CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
        .thenCompose(done -> loadAll(refs, read, reads));
  }

  /**
   * The results stand where the last source stood. So no partition of an earlier source may have
   * newer offsets in a run in between.
   */
  private CompletableFuture<Void> passesNothing(
      Manifest manifest, List<List<SourceSection>> sources) {
    List<RunRef> all = manifest.level1().runs();
    int first = plan.runs().isEmpty() ? all.size() : all.indexOf(plan.runs().get(0));
    int end =
        plan.l0().isEmpty() && !plan.runs().isEmpty()
            ? all.indexOf(plan.runs().get(plan.runs().size() - 1))
            : all.size();
    if (first < 0 || end < first) {
      throw new StaleSourcesException("lane=" + lane.id() + " lacks a source of " + plan);
    }
    List<RunRef> between =
        all.subList(first, end).stream().filter(run -> !plan.runs().contains(run)).toList();
    Set<PartitionId> moved = new HashSet<>();
    sources.forEach(source -> source.forEach(section -> moved.add(section.partition())));
    return loadAll(between, reader::read, new ArrayList<>())
        .thenAccept(
            passed -> {
              for (List<SourceSection> run : passed) {
                for (SourceSection section : run) {
                  if (moved.contains(section.partition())) {
                    throw new StaleSourcesException(
                        "lane="
                            + lane.id()
                            + " plan would move a partition past newer offsets of its own: "
                            + section.partition()
                            + " "
                            + plan);
                  }
                }
              }
            });
  }

  // -- writing -----------------------------------------------------------------------------------

  private CompletableFuture<CompactionResult> write(
      List<List<SourceSection>> sources, List<List<SourceSection>> done) {
    SortedMap<Integer, List<PlannedSection>> classes =
        new Recluster(
                liveness,
                context.options(),
                context.rewriter()::rewrites,
                context.damaged()::contains)
            .plan(sources, done);
    List<RunWriter> writers = new ArrayList<>();
    classes.forEach(
        (retentionClass, sections) ->
            writers.add(new RunWriter(context, retentionClass, sections)));
    int[] objectsLeft = {writers.stream().mapToInt(RunWriter::objectCount).sum()};
    List<RunRef> results = new ArrayList<>();
    CompletableFuture<Void> written = CompletableFuture.completedFuture(null);
    for (RunWriter writer : writers) {
      written =
          written.thenComposeAsync(
              before -> writer.writeObjects(object -> record(object, --objectsLeft[0])),
              context.executor());
    }
    // Last, since what is recorded on the way gives up every number below the next object's.
    for (RunWriter writer : writers) {
      written = written.thenCompose(before -> writer.writeDirectory()).thenAccept(results::add);
    }
    return written
        .thenCompose(
            all ->
                lane.commit(
                    new ReplaceWithRuns(
                        context.term(), plan.runs(), plan.l0(), results, context.numbers().get())))
        .thenApply(
            manifest ->
                new CompactionResult(
                    plan,
                    plan.dataBytes(),
                    writers.stream().mapToLong(RunWriter::writtenBytes).sum(),
                    referencedBytes(classes),
                    results.size(),
                    manifest.id()));
  }

  private static long referencedBytes(SortedMap<Integer, List<PlannedSection>> classes) {
    return classes.values().stream()
        .flatMap(List::stream)
        .flatMap(section -> section.blocks().stream())
        .filter(PlannedSection.PlannedBlock::isReferenced)
        .mapToLong(block -> block.source().block().length())
        .sum();
  }

  /** So that the next attempt need not copy again what this one has; the last one is committed. */
  private CompletableFuture<Void> record(DataRef object, int objectsLeft) {
    outputs.add(object);
    if (objectsLeft == 0) {
      return CompletableFuture.completedFuture(null);
    }
    JobProgress progress =
        new JobProgress(
            plan.runs().stream().map(run -> new Place(run.epoch(), run.number())).toList(),
            plan.l0().stream().map(JobProgress.Source::of).toList(),
            outputs);
    return lane.commit(new RecordProgress(context.term(), progress, context.numbers().get()))
        .thenApply(manifest -> null);
  }
}
