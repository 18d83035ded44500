package io.sediment.wal.simulation;

import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.BoundaryName;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.wal.ForwardingStore;
import java.util.concurrent.CompletableFuture;

/** Whoever wants to raise the boundary sets it, whatever it has become since the last look. */
final class LoweredBoundary extends ForwardingStore {
  LoweredBoundary(ObjectStore store) {
    super(store);
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    CompletableFuture<PutResult> put = super.putIfMatch(key, expected, body);
    if (ObjectNames.parse(key).filter(name -> name instanceof BoundaryName).isEmpty()) {
      return put;
    }
    return put.thenCompose(
        result ->
            result instanceof PutResult.Created
                ? CompletableFuture.completedFuture(result)
                : get(key, ByteRange.all())
                    .thenCompose(now -> putIfMatch(key, now.orElseThrow().eTag(), body)));
  }
}
