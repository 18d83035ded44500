package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.scan.ObjectGoneException;
import io.sediment.lsm.scan.ObjectRef;
import io.sediment.runtime.Failures;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Which objects the lane consists of, for readers: the newest manifest known here. Never goes back
 * to an older one. Thread-safe.
 */
final class LaneObjects {
  /** A manifest and what it names, in log order. */
  record View(Manifest manifest, List<ObjectRef> objects) {
    static View of(Manifest manifest) {
      return new View(manifest, ObjectRef.all(manifest));
    }
  }

  private static final int ATTEMPTS = 4;

  private final ManifestStore manifests;
  private volatile View view;

  LaneObjects(ManifestStore manifests) {
    this.manifests = manifests;
    this.view = View.of(manifests.current());
  }

  View view() {
    return view;
  }

  /** Shows what a commit has made. */
  synchronized void publish(Manifest committed) {
    if (committed.id() > view.manifest().id()) {
      view = View.of(committed);
    }
  }

  /** Does something with the view; with a newer one where an object is gone. */
  <T> CompletableFuture<T> withView(Function<View, CompletableFuture<T>> action) {
    return withView(action, ATTEMPTS);
  }

  private <T> CompletableFuture<T> withView(
      Function<View, CompletableFuture<T>> action, int attemptsLeft) {
    View seen = view;
    CompletableFuture<T> result = action.apply(seen);
    return result
        .handle(
            (value, failure) ->
                failure != null
                        && Failures.causeOf(failure) instanceof ObjectGoneException gone
                        && attemptsLeft > 0
                    ? newer(seen, gone).thenCompose(newer -> withView(action, attemptsLeft - 1))
                    : result)
        .thenCompose(next -> next);
  }

  /** A newer view than {@code seen}, if there is one. */
  CompletableFuture<View> newer(View seen) {
    View now = view;
    return now == seen ? refresh() : CompletableFuture.completedFuture(now);
  }

  /**
   * A newer view than {@code seen}, in which an object was gone. Where there is none it should have
   * been there, and this fails with {@link CorruptObjectException}.
   */
  CompletableFuture<View> newer(View seen, ObjectGoneException gone) {
    return newer(seen)
        .thenApply(
            newer -> {
              if (newer == seen) {
                throw new CorruptObjectException(
                    gone.getMessage()
                        + " and the newest manifest names it: lane="
                        + seen.manifest().lane()
                        + " manifest="
                        + seen.manifest().id(),
                    gone);
              }
              return newer;
            });
  }

  /** Looks for a newer manifest in the store: an object was not where the view says. */
  CompletableFuture<View> refresh() {
    return manifests
        .refresh()
        .thenApply(
            newest -> {
              publish(newest);
              return view;
            });
  }
}
