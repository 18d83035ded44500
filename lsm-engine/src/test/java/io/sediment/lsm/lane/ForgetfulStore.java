package io.sediment.lsm.lane;

import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.DataName;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.MultipartUpload;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Says that it has stored data objects, and keeps manifests only: for measuring what is above. */
final class ForgetfulStore implements ObjectStore {
  private final MemoryObjectStore store = new MemoryObjectStore();

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return ObjectNames.parse(key).filter(DataName.class::isInstance).isPresent()
        ? CompletableFuture.completedFuture(new PutResult.Created(new ETag("forgotten")))
        : store.putIfAbsent(key, body);
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    return store.putIfMatch(key, expected, body);
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    return store.get(key, range);
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    return store.delete(keys);
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    return store.list(prefix, startAfter, limit);
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return store.startMultipart(key);
  }

  @Override
  public void close() {
    store.close();
  }
}
