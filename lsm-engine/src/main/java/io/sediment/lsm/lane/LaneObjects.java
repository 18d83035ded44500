package io.sediment.lsm.lane;

import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.scan.ObjectRef;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Which objects the lane consists of, for readers: the newest manifest known here. Never goes back
 * to an older one. Thread-safe.
 */
final class LaneObjects {
  /** A manifest and its level 0, oldest first. */
  record View(Manifest manifest, List<ObjectRef> objects) {
    static View of(Manifest manifest) {
      return new View(
          manifest,
          manifest.l0().stream()
              .map(ref -> new ObjectRef(ref.key(manifest.lane()), ref.length(), ref.footerCrc()))
              .toList());
    }
  }

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
