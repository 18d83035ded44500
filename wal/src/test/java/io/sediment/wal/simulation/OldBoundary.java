package io.sediment.wal.simulation;

import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.BoundaryName;
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
 * Who has created a manifest and looks at the boundary is shown the one of its last look before:
 * what a committer goes by that does not look.
 */
final class OldBoundary extends ForwardingStore {
  private @Nullable Optional<StoredBytes> lastSeen;
  private boolean showsLastSeen;

  OldBoundary(ObjectStore store) {
    super(store);
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    boolean isManifest =
        ObjectNames.parse(key).filter(name -> name instanceof ManifestName).isPresent();
    return super.putIfAbsent(key, body)
        .thenApply(
            result -> {
              showsLastSeen |= isManifest && result instanceof PutResult.Created;
              return result;
            });
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    if (ObjectNames.parse(key).filter(name -> name instanceof BoundaryName).isEmpty()) {
      return super.get(key, range);
    }
    Optional<StoredBytes> old = lastSeen;
    if (showsLastSeen && old != null) {
      showsLastSeen = false;
      return CompletableFuture.completedFuture(old);
    }
    return super.get(key, range)
        .thenApply(
            read -> {
              lastSeen = read;
              return read;
            });
  }
}
