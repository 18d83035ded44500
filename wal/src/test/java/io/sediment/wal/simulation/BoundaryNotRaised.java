package io.sediment.wal.simulation;

import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.BoundaryName;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.wal.ForwardingStore;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;

/**
 * Whoever raises the boundary believes that it has, and lets manifests be: what they name goes
 * while they are still retained.
 */
final class BoundaryNotRaised extends ForwardingStore {
  BoundaryNotRaised(ObjectStore store) {
    super(store);
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return isBoundary(key) ? raised() : super.putIfAbsent(key, body);
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    return isBoundary(key) ? raised() : super.putIfMatch(key, expected, body);
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    return super.delete(
        keys.stream()
            .filter(
                key ->
                    ObjectNames.parse(key).filter(name -> name instanceof ManifestName).isEmpty())
            .toList());
  }

  private static boolean isBoundary(ObjectKey key) {
    return ObjectNames.parse(key).filter(name -> name instanceof BoundaryName).isPresent();
  }

  private static CompletableFuture<PutResult> raised() {
    return CompletableFuture.completedFuture(new PutResult.Created(new ETag("raised, surely")));
  }
}
