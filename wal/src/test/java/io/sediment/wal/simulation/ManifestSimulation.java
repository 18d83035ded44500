package io.sediment.wal.simulation;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit.AddL0;
import io.sediment.lsm.manifest.ManifestEdit.ClaimEpoch;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * The manifests of one lane alone: writers that claim one epoch after the other, commit, delete all
 * but the newest manifest each time, and fall asleep in the middle of it. What was reported as
 * committed stays.
 */
final class ManifestSimulation {
  private static final LaneId LANE = new LaneId(0);
  private static final Duration PROGRESS_LIMIT = Duration.ofHours(20);
  private static final int WRITERS = 5;
  private static final int COMMITS = 25;

  private final Simulation simulation;
  private final SplittableRandom random;
  private final SimObjectStore bucket;
  private final ManifestMutant mutant;
  private final List<L0Ref> reported = new ArrayList<>();
  private long boundary;
  private int unfinished = WRITERS;

  private ManifestSimulation(long seed, FaultPlan plan, ManifestMutant mutant) {
    this.simulation = new Simulation(seed);
    this.random = simulation.random("chaos");
    this.bucket = new SimObjectStore(simulation, plan.until(Duration.ofMinutes(20)));
    this.mutant = mutant;
    simulation.option("mutant: " + mutant);
  }

  static SeedRuns.Tally run(long seed, ManifestMutant mutant) {
    return run(seed, LaneSimulation.planOf(seed), mutant);
  }

  static SeedRuns.Tally run(long seed, FaultPlan plan, ManifestMutant mutant) {
    return new ManifestSimulation(seed, plan, mutant).run();
  }

  private SeedRuns.Tally run() {
    bucket.observe(this::sleepAtAStep);
    bucket.observe(this::checkBoundary);
    for (int epoch = 1; epoch <= WRITERS; epoch++) {
      SimScheduler process = simulation.process("writer-" + epoch);
      Writer writer = new Writer(process, epoch);
      process.schedule(writer::begin, Duration.ofSeconds(random.nextInt(40)));
    }
    simulation.runUntil(() -> unfinished == 0, PROGRESS_LIMIT, "all done or fenced");
    bucket.heal();
    SimScheduler auditor = simulation.process("auditor");
    ManifestStore manifests =
        new ManifestStore(bucket.forProcess(auditor), LANE, new UUID(8, 8), auditor);
    Manifest newest = simulation.await(manifests.open(), PROGRESS_LIMIT, "the newest manifest");
    for (L0Ref object : reported) {
      if (!newest.l0().contains(object)) {
        simulation.fail("lost commit: " + object + " was reported and is not in " + newest.id());
      }
    }
    if (newest.l0().stream().distinct().count() != newest.l0().size()) {
      simulation.fail("duplicate: one commit twice in " + newest.l0());
    }
    simulation.runFor(Duration.ofMillis(1)); // throws what a check has found
    return new SeedRuns.Tally(
        simulation.eventsRun(), WRITERS, 0, 0, 0, 0, reported.size(), 0, bucket);
  }

  private void sleepAtAStep(StoreRequest.Phase phase, StoreRequest request) {
    SimScheduler process = request.process();
    if (process.isUp() && !process.name().equals("auditor") && random.nextInt(60) == 0) {
      process.pause();
      simulation.world().schedule(process::resume, Duration.ofSeconds(1 + random.nextInt(60)));
    }
  }

  private void checkBoundary(StoreRequest.Phase phase, StoreRequest request) {
    long now = StoredManifests.boundary(bucket, LANE);
    if (now < boundary) {
      simulation.fail("boundary fell: from " + boundary + " to " + now + " by " + request);
    }
    boundary = now;
  }

  private final class Writer {
    private final WriterTerm term;
    private final ObjectStore store;
    private final ManifestStore manifests;

    Writer(SimScheduler process, long epoch) {
      this.term = new WriterTerm(1, epoch, new UUID(7, epoch));
      this.store = mutant.spoil(bucket.forProcess(process));
      this.manifests = new ManifestStore(store, LANE, term.writerId(), process);
    }

    void begin() {
      manifests
          .open()
          .thenCompose(opened -> manifests.commit(new ClaimEpoch(term)))
          .thenCompose(claimed -> commitFrom(1))
          .whenComplete((done, failure) -> end(failure));
    }

    private CompletableFuture<Void> commitFrom(int number) {
      if (number > COMMITS) {
        return CompletableFuture.completedFuture(null);
      }
      AddL0 edit =
          new AddL0(
              term,
              new L0Ref(SortedObjectKind.L0, term.epoch(), number, 1_000, 7, 3, 900, 5_000),
              new TableRef(term.epoch(), number, 500, 8),
              new WalSlot(term.epoch(), number * 10L));
      return manifests
          .commit(edit)
          .thenCompose(
              committed -> {
                reported.add(edit.object());
                return StoredManifests.reclaim(manifests, store, 1)
                    .exceptionally(unavailable -> null);
              })
          .thenCompose(reclaimed -> commitFrom(number + 1));
    }

    private void end(@Nullable Throwable failure) {
      unfinished--;
      Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
      boolean isExpected =
          cause instanceof LaneFencedException
              || cause instanceof CorruptObjectException; // damaged each time it was read again
      if (cause != null && !isExpected) {
        simulation.fail("broken invariant: " + cause);
      }
    }
  }
}
