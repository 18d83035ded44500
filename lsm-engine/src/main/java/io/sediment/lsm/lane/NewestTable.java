package io.sediment.lsm.lane;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.PartitionTable;
import io.sediment.lsm.manifest.PartitionTableLayout;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.StoredBytes;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/** Reads the newest partition table of a lane that this process does not append to. */
final class NewestTable {
  private static final int ATTEMPTS = 4;

  /** A table, without rows where nothing was flushed yet, and the manifest that names it. */
  record Read(Manifest manifest, PartitionTable table) {}

  private final ObjectStore store;

  NewestTable(ObjectStore store) {
    this.store = store;
  }

  /** Of {@code manifest}; of a newer one where that was replaced meanwhile. */
  CompletableFuture<Read> newest(ManifestStore manifests, Manifest manifest) {
    return newest(manifests, manifest, ATTEMPTS);
  }

  private CompletableFuture<Read> newest(
      ManifestStore manifests, Manifest manifest, int attemptsLeft) {
    TableRef ref = manifest.table();
    if (ref == null) {
      PartitionTable empty = new PartitionTable(manifest.lane(), 0, 0, new TreeMap<>());
      return CompletableFuture.completedFuture(new Read(manifest, empty));
    }
    ObjectKey key = ref.key(manifest.lane());
    return ReadAgain.whileCorrupt(
            () ->
                store
                    .get(key, ByteRange.all())
                    .thenApply(found -> found.map(stored -> decode(manifest.lane(), ref, stored))))
        .thenCompose(found -> orNewer(found, manifests, manifest, attemptsLeft));
  }

  private CompletableFuture<Read> orNewer(
      Optional<PartitionTable> found, ManifestStore manifests, Manifest seen, int attemptsLeft) {
    return found.isPresent()
        ? CompletableFuture.completedFuture(new Read(seen, found.get()))
        : manifests
            .refresh()
            .thenCompose(
                newest -> {
                  if (newest.id() == seen.id() || attemptsLeft == 0) {
                    throw new CorruptObjectException(
                        "partition table read: missing: lane="
                            + seen.lane()
                            + " manifest="
                            + seen.id()
                            + " table="
                            + seen.table());
                  }
                  return newest(manifests, newest, attemptsLeft - 1);
                });
  }

  private static PartitionTable decode(LaneId lane, TableRef ref, StoredBytes stored) {
    return PartitionTableLayout.decode(lane, ref, stored.bytes());
  }
}
