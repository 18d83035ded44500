package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit;
import java.util.concurrent.CompletableFuture;

/** The levels of a lane that this process appends to. */
record OpenLaneLevels(LaneParts parts) implements CompactableLane {
  @Override
  public LaneId id() {
    return parts.lane();
  }

  @Override
  public CompletableFuture<Manifest> newest() {
    return CompletableFuture.completedFuture(parts.manifests().current());
  }

  @Override
  public CompletableFuture<Manifest> commit(ManifestEdit edit) {
    return parts
        .manifests()
        .commit(edit)
        .thenApply(
            manifest -> {
              parts.objects().publish(manifest);
              parts.garbage().onCommit();
              return manifest;
            });
  }
}
