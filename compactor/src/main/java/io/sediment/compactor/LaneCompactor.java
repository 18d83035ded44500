package io.sediment.compactor;

import io.sediment.compactor.CompactionPlan.Reason;
import io.sediment.lsm.lane.CompactableLane;
import io.sediment.lsm.manifest.CompactorFencedException;
import io.sediment.lsm.manifest.CompactorTerm;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.JobProgress;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Level1;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit.ClaimCompactor;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.runtime.Failures;
import io.sediment.runtime.MemoryBudget.Share;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compacts one lane, one job at a time.
 *
 * <p>The compactor's epoch is claimed when there is something to do, not before. Who has lost it to
 * another process leaves the lane alone, until level 0 has grown so far that the other one cannot
 * be at work any more. Calls come one after the other.
 */
public final class LaneCompactor {
  private static final Logger log = LoggerFactory.getLogger(LaneCompactor.class);

  /**
   * Level 0 of a lane that is compacted elsewhere never has so many times what is taken at once.
   */
  private static final int NEGLECTED_TIMES = 2;

  private final CompactableLane lane;
  private final boolean isSealed;
  private final CompactionPolicy policy;
  private final CompactionOptions options;
  private final CompactionEnvironment environment;
  private final LiveBytes liveBytes;
  private final SourceReader reader;
  private final DamagedSources damaged;
  private UUID compactorId;
  private @Nullable CompactorTerm term;
  private @Nullable AtomicLong numbers; // of this term
  private boolean wasFenced;

  public LaneCompactor(
      CompactableLane lane,
      boolean isSealed,
      CompactionPolicy policy,
      CompactionOptions options,
      CompactionEnvironment environment) {
    this.lane = lane;
    this.isSealed = isSealed;
    this.policy = policy;
    this.options = options;
    this.environment = environment;
    this.damaged = new DamagedSources(lane.id(), environment.scheduler());
    this.reader = new SourceReader(lane.id(), environment.store(), damaged);
    this.liveBytes = new LiveBytes(reader);
    this.compactorId = newId();
  }

  /**
   * Objects that were found damaged and stay where they are, directories among them. Any thread.
   */
  public int damagedObjects() {
    return damaged.count();
  }

  private UUID newId() {
    return new UUID(environment.random().nextLong(), environment.random().nextLong());
  }

  /** What {@link #turn} would do now, in a lane that this process compacts; changes nothing. */
  public CompletableFuture<Optional<CompactionPlan>> plan() {
    return lane.newest()
        .thenCompose(
            manifest ->
                isLeftAlone(manifest)
                    ? CompletableFuture.completedFuture(Optional.<CompactionPlan>empty())
                    : environment
                        .liveness()
                        .apply(lane.id())
                        .thenCompose(liveness -> look(manifest, liveness)));
  }

  private CompletableFuture<Optional<CompactionPlan>> look(Manifest manifest, Liveness liveness) {
    damaged.keepThoseOf(manifest);
    return liveBytes.look(manifest, liveness).thenCompose(looked -> plan(manifest, liveness));
  }

  /** Does the next thing that is to be done; empty when there is nothing. */
  public CompletableFuture<Optional<CompactionResult>> turn() {
    return lane.newest()
        .thenCompose(
            manifest ->
                isLeftAlone(manifest)
                    ? CompletableFuture.completedFuture(Optional.<CompactionResult>empty())
                    : environment
                        .liveness()
                        .apply(lane.id())
                        .thenCompose(liveness -> turn(manifest, liveness)))
        .whenComplete(
            (result, failure) -> {
              if (failure != null
                  && Failures.causeOf(failure) instanceof CompactorFencedException) {
                wasFenced = true;
                term = null;
                compactorId = newId();
              }
            });
  }

  private boolean isLeftAlone(Manifest manifest) {
    return manifest.l0().isEmpty() && manifest.level1().runs().isEmpty()
        || (wasFenced && manifest.l0().size() < NEGLECTED_TIMES * options.l0ObjectsMax());
  }

  private CompletableFuture<Optional<CompactionResult>> turn(Manifest manifest, Liveness liveness) {
    return look(manifest, liveness)
        .thenCompose(
            plan ->
                plan.isEmpty()
                    ? CompletableFuture.completedFuture(Optional.empty())
                    : claim().thenCompose(claimed -> run(claimed, plan.get(), liveness)));
  }

  private CompletableFuture<Optional<CompactionPlan>> plan(Manifest manifest, Liveness liveness) {
    List<List<RunRef>> stretches = damaged.stretches(manifest.level1().runs());
    List<RunRef> newest = stretches.get(stretches.size() - 1);
    List<L0Ref> l0 = damaged.before(manifest.l0());
    Optional<CompactionPlan> plan = resumed(manifest).filter(it -> isWithin(it, stretches, l0));
    for (int i = 0; i < stretches.size() && plan.isEmpty(); i++) {
      boolean isNewest = i == stretches.size() - 1;
      plan =
          policy.plan(
              new LsmShape(
                  lane.id(),
                  stretches.get(i).stream().map(liveBytes::of).toList(),
                  isNewest ? l0 : List.of(),
                  isSealed || l0.size() < manifest.l0().size()));
    }
    return plan.isPresent()
        ? CompletableFuture.completedFuture(plan)
        : environment.rewriter().plan(lane.id(), newest, liveness, reader::read);
  }

  /** Whether it moves nothing across a source that cannot be read. */
  private static boolean isWithin(
      CompactionPlan plan, List<List<RunRef>> stretches, List<L0Ref> l0) {
    List<RunRef> newest = stretches.get(stretches.size() - 1);
    return plan.l0().isEmpty()
        ? stretches.stream().anyMatch(runs -> runs.containsAll(plan.runs()))
        : newest.containsAll(plan.runs()) && l0.containsAll(plan.l0());
  }

  /** What an earlier attempt has begun, if its sources are still the oldest there are. */
  private static Optional<CompactionPlan> resumed(Manifest manifest) {
    JobProgress job = manifest.level1().job();
    if (job == null || !job.fits(manifest)) {
      return Optional.empty();
    }
    List<RunRef> runs =
        manifest.level1().runs().stream()
            .filter(run -> job.runs().contains(new Place(run.epoch(), run.number())))
            .toList();
    List<L0Ref> l0 = manifest.l0().subList(0, job.l0().size());
    boolean same = l0.stream().map(JobProgress.Source::of).toList().equals(job.l0());
    return same ? Optional.of(new CompactionPlan(Reason.RESUME, runs, l0)) : Optional.empty();
  }

  private CompletableFuture<Manifest> claim() {
    return lane.commit(new ClaimCompactor(environment.incarnation(), compactorId));
  }

  private CompletableFuture<Optional<CompactionResult>> run(
      Manifest manifest, CompactionPlan plan, Liveness liveness) {
    Level1 level1 = manifest.level1();
    CompactorTerm claimed =
        new CompactorTerm(environment.incarnation(), level1.compactorEpoch(), compactorId);
    AtomicLong counter = numbers;
    if (counter == null || !claimed.equals(term)) {
      // Numbers go on over attempts that failed: none is ever used for two contents.
      counter = new AtomicLong(Math.max(1, level1.lowMark()));
      numbers = counter;
      term = claimed;
    }
    wasFenced = false;
    if (!plan.fits(manifest)) {
      return CompletableFuture.completedFuture(Optional.empty()); // changed meanwhile: plan again
    }
    List<DataRef> finished =
        plan.reason() == Reason.RESUME && level1.job() != null
            ? level1.job().outputs().stream()
                .filter(output -> !damaged.isAvoided(output.key(lane.id())))
                .toList()
            : List.of();
    long memory =
        CompactionOptions.STEPS_IN_MEMORY * (long) options.stepBytes()
            + environment.rewriter().memoryBytes();
    JobContext context =
        new JobContext(
            environment.store(),
            lane.id(),
            claimed,
            counter,
            environment.scheduler(),
            options,
            environment.pace(),
            environment.rewriter(),
            damaged);
    log.info(
        "compaction begins: lane={} epoch={} reason={} runs={} l0={} bytes={} finished={}",
        lane.id(),
        claimed.epoch(),
        plan.reason(),
        plan.runs().size(),
        plan.l0().size(),
        plan.dataBytes(),
        finished.size());
    return environment
        .budget()
        .reserve(Share.COMPACTION, memory)
        .thenComposeAsync(
            reserved ->
                new CompactionJob(lane, context, plan, finished, liveness)
                    .run()
                    .whenComplete(
                        (result, failure) ->
                            environment.budget().release(Share.COMPACTION, memory)),
            environment.scheduler())
        .thenApply(
            result -> {
              log.info(
                  "compacted: lane={} reason={} sourceBytes={} writtenBytes={} referencedBytes={}"
                      + " runs={} manifest={}",
                  lane.id(),
                  plan.reason(),
                  result.sourceBytes(),
                  result.writtenBytes(),
                  result.referencedBytes(),
                  result.runs(),
                  result.manifest());
              return Optional.of(result);
            });
  }
}
