package io.sediment.lsm.run;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectStore;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Reads directories, and verifies all of what they say. Fails with {@link
 * io.sediment.lsm.CorruptObjectException} for damage that reading again does not heal, and as the
 * store does.
 */
public final class DirectoryReader {
  private final ObjectStore store;

  public DirectoryReader(ObjectStore store) {
    this.store = store;
  }

  /** The directory of a run, by one read; empty where it is gone. */
  public CompletableFuture<Optional<Directory>> read(LaneId lane, RunRef run) {
    return ReadAgain.whileCorrupt(
        () ->
            store
                .get(run.key(lane), ByteRange.all())
                .thenApply(
                    found ->
                        found.map(stored -> DirectoryLayout.decode(lane, run, stored.bytes()))));
  }
}
