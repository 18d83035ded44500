package io.sediment.objectstore;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** A store for those who only look: every call that could change anything is refused. */
public abstract class ReadOnlyObjectStore implements ObjectStore {

  /** {@code store} without its writes; closed with it. */
  public static ObjectStore of(ObjectStore store) {
    return new Guard(store);
  }

  @Override
  public final CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return refused("create " + key);
  }

  @Override
  public final CompletableFuture<PutResult> putIfMatch(
      ObjectKey key, ETag expected, ObjectBody body) {
    return refused("replace " + key);
  }

  @Override
  public final CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    return refused("delete " + keys);
  }

  @Override
  public final CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return refused("start multipart " + key);
  }

  private static <T> CompletableFuture<T> refused(String what) {
    return CompletableFuture.failedFuture(
        new ObjectStoreException.Refused(what + ": this store is only read from", null));
  }

  private static final class Guard extends ReadOnlyObjectStore {
    private final ObjectStore store;

    Guard(ObjectStore store) {
      this.store = store;
    }

    @Override
    public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
      return store.get(key, range);
    }

    @Override
    public CompletableFuture<OptionalLong> read(
        ObjectKey key, long position, Supplier<ReadTarget> memory) {
      return store.read(key, position, memory);
    }

    @Override
    public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
      return store.list(prefix, startAfter, limit);
    }

    @Override
    public void close() {
      store.close();
    }
  }
}
