package io.sediment.lsm.gc;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.Manifest;
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
 * Deletes what {@link GarbagePolicy} calls garbage, one request at a time with a pause in between.
 *
 * <p>What was part of the lane is deleted by its name: a pass reads the manifests it is about to
 * let go of, raises the boundary above them, and deletes what they alone have named, then them.
 * Slots of the log are told from how far the log was replayed. No listing is needed for that.
 *
 * <p>What was never part of the lane (an upload before a crash), or is left of a pass that died
 * half-way, is found by listing: a few folders in each pass, all of them in turn. So nothing that
 * matters is kept in memory, and a pass that fails or dies with the process is made good by later
 * ones.
 *
 * <p>Of the manifests a pass keeps those since the pass before, however many, but no more than
 * {@link ManifestStore#MANIFESTS_KEPT}: so what is dropped goes with the second pass after that at
 * the latest, and a reader has the time between two passes to find what its manifest names. Who
 * takes longer finds nothing there, looks for a newer manifest and reads on.
 *
 * <p>Passes are for whoever owns the lane; several at once would only waste requests, since the
 * boundary only rises and what is garbage to one is garbage to all. One pass runs at a time, the
 * caller sees to that. A lane where nothing was committed between two passes is at rest: all its
 * manifests but one go, and it needs no more passes once {@link #isDone}.
 */
public final class GarbageCollector {
  private static final int LIST_LIMIT = 1_000;

  /** Names kept for the next pass when deletes fail; more are left to be found by listing. */
  private static final int UNDELETED_MAX = 100_000;

  private final ObjectStore store;
  private final ManifestStore manifests;
  private final LaneKeys keys;
  private final Scheduler scheduler;
  private final GarbageOptions options;

  // One pass at a time; the scheduler and the caller hand it from thread to thread.
  private final FlushedSlots flushed = new FlushedSlots();
  private volatile List<ListedObject> undeleted = List.of(); // garbage, known by name
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
        && foldersSwept >= GarbageOptions.FOLDERS;
  }

  /** Looks for garbage once. Fails as the store does; what was deleted until then is gone. */
  public CompletableFuture<GarbageResult> pass() {
    Manifest newest = manifests.current();
    long newestBefore = lastManifest; // of this process: the first pass knows of none
    boolean stillAtRest = atRest && newest.id() == newestBefore;
    atRest = newest.id() == newestBefore;
    lastManifest = newest.id();
    if (!stillAtRest) {
      foldersSwept = 0;
    }
    if (newest.id() == 0) {
      atRest = true;
      foldersSwept = GarbageOptions.FOLDERS;
      return CompletableFuture.completedFuture(GarbageResult.NOTHING);
    }
    long last = Math.max(0, Math.max(newestBefore - 1, newest.id() - ManifestStore.MANIFESTS_KEPT));
    return manifests
        .readBoundary()
        .thenCompose(
            boundary -> {
              long above = Math.max(boundary, last);
              return manifests
                  .stored(above + 1, newest)
                  .thenCompose(
                      retained -> {
                        GarbagePolicy policy = new GarbagePolicy(retained, above);
                        return letGo(boundary + 1, last, retained, policy)
                            .thenCompose(result -> sweep(policy, result));
                      });
            });
  }

  // -- by name -----------------------------------------------------------------------------------

  /** Deletes manifests {@code first} to {@code last}, if any, and what is garbage without them. */
  private CompletableFuture<GarbageResult> letGo(
      long first, long last, List<Manifest> retained, GarbagePolicy policy) {
    NamedObjects named = new NamedObjects();
    return manifests
        .leaving(
            first,
            last,
            manifest -> {
              named.addAll(manifest);
              flushed.look(manifest);
            })
        // Nothing that they name may go before it is certain that they mean nothing any more.
        .thenCompose(
            read ->
                first > last
                    ? CompletableFuture.<Void>completedFuture(null)
                    : manifests.raiseBoundary(last))
        .thenCompose(
            raised -> {
              retained.forEach(flushed::look);
              List<ListedObject> garbage = new ArrayList<>(undeleted);
              garbage.addAll(policy.garbageOf(named));
              for (long id = first; id <= last; id++) {
                garbage.add(new ListedObject(keys.manifest(id), 0));
              }
              undeleted = garbage.subList(0, Math.min(garbage.size(), UNDELETED_MAX));
              return delete(garbage)
                  .thenCompose(
                      deleted -> {
                        undeleted = List.of();
                        return deleteFlushed(0);
                      })
                  .thenApply(slots -> resultOf(0, garbage).plus(new GarbageResult(0, slots, 0)));
            });
  }

  /** Returns how many slots it has deleted, and {@code before}. */
  private CompletableFuture<Long> deleteFlushed(long before) {
    List<WalSlot> slots = flushed.next(options.deletesAtOnce());
    if (slots.isEmpty()) {
      return CompletableFuture.completedFuture(before);
    }
    List<ObjectKey> batch = slots.stream().map(keys::wal).toList();
    return afterPause(() -> store.delete(batch))
        .thenCompose(
            deleted -> {
              flushed.gone(slots.size());
              return deleteFlushed(before + slots.size());
            });
  }

  // -- by listing --------------------------------------------------------------------------------

  private CompletableFuture<GarbageResult> sweep(GarbagePolicy policy, GarbageResult soFar) {
    Queue<String> folders = new ArrayDeque<>();
    for (int i = 0; i < options.foldersPerPass(); i++) {
      folders.add(folder((nextFolder + i) % GarbageOptions.FOLDERS));
    }
    return sweep(policy, folders, soFar);
  }

  /** The log and manifests come first: a crash leaves more there than elsewhere. */
  private String folder(int index) {
    return switch (index) {
      case 0 -> keys.walPrefix();
      case 1 -> keys.manifestPrefix();
      default -> keys.dataPrefix(index - 2);
    };
  }

  private CompletableFuture<GarbageResult> sweep(
      GarbagePolicy policy, Queue<String> folders, GarbageResult soFar) {
    String folder = folders.poll();
    if (folder == null) {
      nextFolder = (nextFolder + options.foldersPerPass()) % GarbageOptions.FOLDERS;
      foldersSwept += options.foldersPerPass();
      return CompletableFuture.completedFuture(soFar);
    }
    return collectFolder(policy, folder, "", soFar)
        .thenCompose(result -> sweep(policy, folders, result));
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
                        GarbageResult result = soFar.plus(resultOf(rows.size(), garbage));
                        if (rows.size() < LIST_LIMIT) {
                          return CompletableFuture.completedFuture(result);
                        }
                        String last = rows.get(rows.size() - 1).key().value();
                        return collectFolder(policy, folder, last, result);
                      });
            });
  }

  // -- requests ----------------------------------------------------------------------------------

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

  private static GarbageResult resultOf(long listed, List<ListedObject> garbage) {
    long bytes = garbage.stream().mapToLong(ListedObject::length).sum();
    return new GarbageResult(listed, garbage.size(), bytes);
  }

  private <T> CompletableFuture<T> afterPause(Supplier<CompletableFuture<T>> request) {
    CompletableFuture<Void> paused = new CompletableFuture<>();
    scheduler.schedule(() -> paused.complete(null), options.pause());
    return paused.thenCompose(go -> request.get());
  }
}
