package io.sediment.lsm.gc;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * Deletes what {@link GarbagePolicy} calls garbage. A pass reclaims old manifests, takes stock of
 * the retained ones, then lists the lane's folders and deletes as it goes, one request at a time
 * with a pause in between. It keeps nothing that matters: a pass that fails or dies with the
 * process is made good by a later one.
 *
 * <p>Passes are for whoever owns the lane; several at once would only waste requests. One pass runs
 * at a time, the caller sees to that (see {@link GarbageLoop}). A lane where nothing was committed
 * between two passes is at rest: all its manifests but one go, and it needs no more passes once
 * {@link #isDone}.
 */
public final class GarbageCollector {
  private static final int LIST_LIMIT = 1_000;

  private final ObjectStore store;
  private final ManifestStore manifests;
  private final LaneKeys keys;
  private final Scheduler scheduler;
  private final GarbageOptions options;

  // One pass at a time; the scheduler and the caller hand it from thread to thread.
  private volatile int nextFolder;
  private volatile long lastManifest = -1;
  private volatile boolean atRest;
  private volatile int foldersSwept; // since the lane came to rest

  public GarbageCollector(
      ObjectStore store,
      ManifestStore manifests,
      LaneId lane,
      Scheduler scheduler,
      GarbageOptions options) {
    this.store = store;
    this.manifests = manifests;
    this.keys = new LaneKeys(lane);
    this.scheduler = scheduler;
    this.options = options;
  }

  /** Whether every folder has been looked through since the lane came to rest. */
  public boolean isDone() {
    return lastManifest == manifests.current().id()
        && atRest
        && foldersSwept >= LaneKeys.DATA_FOLDERS;
  }

  /** Looks for garbage once. Fails as the store does; what was deleted until then is gone. */
  public CompletableFuture<GarbageResult> pass() {
    long manifest = manifests.current().id();
    // Nothing committed since the last pass: older manifests would only hold on to what was
    // dropped.
    boolean stillAtRest = atRest && manifest == lastManifest;
    atRest = manifest == lastManifest;
    lastManifest = manifest;
    if (!stillAtRest) {
      foldersSwept = 0;
    }
    if (manifest == 0) {
      atRest = true;
      foldersSwept = LaneKeys.DATA_FOLDERS;
      return CompletableFuture.completedFuture(GarbageResult.NOTHING);
    }
    // The boundary first: what is retained by the one read here is retained by any later one.
    return manifests
        .reclaim(atRest ? 1 : ManifestStore.MANIFESTS_KEPT)
        .thenCompose(reclaimed -> manifests.retained())
        .thenCompose(
            retained -> {
              GarbagePolicy policy = new GarbagePolicy(retained, retained.get(0).id() - 1);
              return collect(policy, folders(), GarbageResult.NOTHING);
            });
  }

  private Queue<String> folders() {
    Queue<String> folders = new ArrayDeque<>();
    folders.add(keys.walPrefix());
    folders.add(keys.manifestPrefix());
    for (int i = 0; i < options.dataFoldersPerPass(); i++) {
      folders.add(keys.dataPrefix((nextFolder + i) % LaneKeys.DATA_FOLDERS));
    }
    return folders;
  }

  private CompletableFuture<GarbageResult> collect(
      GarbagePolicy policy, Queue<String> folders, GarbageResult soFar) {
    String folder = folders.poll();
    if (folder == null) {
      nextFolder = (nextFolder + options.dataFoldersPerPass()) % LaneKeys.DATA_FOLDERS;
      foldersSwept += options.dataFoldersPerPass();
      return CompletableFuture.completedFuture(soFar);
    }
    return collectFolder(policy, folder, "", soFar)
        .thenCompose(result -> collect(policy, folders, result));
  }

  private CompletableFuture<GarbageResult> collectFolder(
      GarbagePolicy policy, String folder, String startAfter, GarbageResult soFar) {
    return afterPause(() -> store.list(folder, startAfter, LIST_LIMIT))
        .thenCompose(
            rows -> {
              List<ListedObject> garbage = rows.stream().filter(policy::isGarbage).toList();
              return delete(garbage)
                  .thenCompose(
                      done -> {
                        GarbageResult result = soFar.plus(resultOf(rows, garbage));
                        if (rows.size() < LIST_LIMIT) {
                          return CompletableFuture.completedFuture(result);
                        }
                        String last = rows.get(rows.size() - 1).key().value();
                        return collectFolder(policy, folder, last, result);
                      });
            });
  }

  private CompletableFuture<Void> delete(List<ListedObject> garbage) {
    CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
    for (int from = 0; from < garbage.size(); from += options.deletesAtOnce()) {
      int to = Math.min(garbage.size(), from + options.deletesAtOnce());
      List<ObjectKey> batch = new ArrayList<>(to - from);
      garbage.subList(from, to).forEach(object -> batch.add(object.key()));
      done = done.thenCompose(before -> afterPause(() -> store.delete(batch)));
    }
    return done;
  }

  private static GarbageResult resultOf(List<ListedObject> rows, List<ListedObject> garbage) {
    long bytes = garbage.stream().mapToLong(ListedObject::length).sum();
    return new GarbageResult(rows.size(), garbage.size(), bytes);
  }

  private <T> CompletableFuture<T> afterPause(Supplier<CompletableFuture<T>> request) {
    CompletableFuture<Void> paused = new CompletableFuture<>();
    scheduler.schedule(() -> paused.complete(null), options.pause());
    return paused.thenCompose(go -> request.get());
  }
}
