package io.sediment.wal.simulation;

import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import io.sediment.wal.ForwardingStore;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Once a process has claimed its epoch, every manifest it reads is its own: what a writer goes by
 * that does not look whose it is.
 */
final class ForgedTerm extends ForwardingStore {
  private final long epoch;
  private @Nullable WriterTerm own;

  /**
   * @param epoch that was granted to the process
   */
  ForgedTerm(ObjectStore store, long epoch) {
    super(store);
    this.epoch = epoch;
  }

  private static Optional<ManifestName> manifest(ObjectKey key) {
    return ObjectNames.parse(key)
        .filter(name -> name instanceof ManifestName)
        .map(name -> (ManifestName) name);
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    manifest(key)
        .map(name -> StoredManifests.termOf(name, body.toByteArray()))
        .filter(term -> term.epoch() == epoch)
        .ifPresent(term -> own = term);
    return super.putIfAbsent(key, body);
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    Optional<ManifestName> name = manifest(key);
    WriterTerm term = own;
    if (name.isEmpty() || term == null || !range.equals(ByteRange.all())) {
      return super.get(key, range);
    }
    return super.get(key, range)
        .thenApply(read -> read.map(found -> forged(name.get(), found, term)));
  }

  private static StoredBytes forged(ManifestName name, StoredBytes read, WriterTerm term) {
    return new StoredBytes(
        StoredManifests.withTerm(name, read.bytes(), term), read.objectLength(), read.eTag());
  }
}
