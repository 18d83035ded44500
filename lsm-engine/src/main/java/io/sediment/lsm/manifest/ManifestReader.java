package io.sediment.lsm.manifest;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectStore;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Reads single manifests and boundaries, and verifies all of what they say. Fails with {@link
 * io.sediment.lsm.CorruptObjectException} for damage that reading again does not heal, and as the
 * store does.
 */
public final class ManifestReader {
  private final ObjectStore store;

  public ManifestReader(ObjectStore store) {
    this.store = store;
  }

  /** The manifest of that id; empty where there is none. */
  public CompletableFuture<Optional<Manifest>> read(LaneId lane, long id) {
    return ReadAgain.whileCorrupt(
        () ->
            store
                .get(new LaneKeys(lane).manifest(id), ByteRange.all())
                .thenApply(
                    found -> found.map(stored -> ManifestLayout.decode(lane, id, stored.bytes()))));
  }

  /** The highest manifest id that may have been deleted, 0 while none may. */
  public CompletableFuture<Long> readBoundary(LaneId lane) {
    return new BoundaryRegister(store, lane).read();
  }
}
