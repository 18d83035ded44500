package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.gc.GarbageCollector;
import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/**
 * The levels of a lane that this process does not append to: one that was sealed, or one that
 * another process has open. Thread-safe.
 */
public final class StoredLaneLevels implements CompactableLane, AutoCloseable {
  private final LaneId lane;
  private final ManifestStore manifests;
  private final boolean isSealed;
  private final LaneGarbage garbage;

  private StoredLaneLevels(
      LaneId lane, ManifestStore manifests, boolean isSealed, LaneGarbage garbage) {
    this.lane = lane;
    this.manifests = manifests;
    this.isSealed = isSealed;
    this.garbage = garbage;
  }

  /**
   * Finds the newest manifest.
   *
   * @param isSealed nobody but compactors changes the lane any more, so a lane at rest need not be
   *     asked again
   * @param garbageInterval from a commit to the next look for garbage
   */
  public static CompletableFuture<StoredLaneLevels> open(
      ObjectStore store,
      LaneId lane,
      Scheduler scheduler,
      RandomGenerator random,
      boolean isSealed,
      GarbageOptions garbageOptions,
      Duration garbageInterval) {
    UUID committer = new UUID(random.nextLong(), random.nextLong());
    ManifestStore manifests = new ManifestStore(store, lane, committer, scheduler);
    GarbageCollector collector =
        new GarbageCollector(store, manifests, lane, scheduler, garbageOptions);
    LaneGarbage garbage = new LaneGarbage(lane, collector, scheduler, garbageInterval);
    return manifests
        .open()
        .thenApply(
            newest -> {
              garbage.onCommit(); // what others have left
              return new StoredLaneLevels(lane, manifests, isSealed, garbage);
            });
  }

  @Override
  public LaneId id() {
    return lane;
  }

  @Override
  public CompletableFuture<Manifest> newest() {
    return isSealed ? CompletableFuture.completedFuture(manifests.current()) : manifests.refresh();
  }

  @Override
  public CompletableFuture<Manifest> commit(ManifestEdit edit) {
    return manifests
        .commit(edit)
        .thenApply(
            manifest -> {
              garbage.onCommit();
              return manifest;
            });
  }

  /** Calls in progress no longer wait for an unavailable store; no garbage is looked for. */
  @Override
  public void close() {
    garbage.stop();
    manifests.close();
  }
}
