package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestEdit;
import java.util.concurrent.CompletableFuture;

/** What a compactor sees of a lane: what it consists of, and the one way to change that. */
public interface CompactableLane {
  LaneId id();

  /** The newest manifest; from memory where the lane is open here, else from the store. */
  CompletableFuture<Manifest> newest();

  /**
   * Makes {@code edit} part of the newest manifest, and shows it to readers here. Fails like {@link
   * io.sediment.lsm.manifest.ManifestStore#commit}.
   */
  CompletableFuture<Manifest> commit(ManifestEdit edit);
}
