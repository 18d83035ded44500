package io.sediment.objectstore;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A memory store whose next calls fail as told, one failure a call, before they do anything. Every
 * call is counted; parts of multipart uploads as well.
 */
final class ScriptedStore implements ObjectStore {
  private final MemoryObjectStore store = new MemoryObjectStore();
  private final Queue<ObjectStoreException> failures = new ArrayDeque<>();
  int calls;

  void failNext(ObjectStoreException... next) {
    failures.addAll(List.of(next));
  }

  static ObjectStoreException unavailable() {
    return new ObjectStoreException.Unavailable("scripted", null);
  }

  static ObjectStoreException throttled() {
    return new ObjectStoreException.Unavailable("scripted: slow down", true, null);
  }

  static ObjectStoreException refused() {
    return new ObjectStoreException.Refused("scripted", null);
  }

  private <T> CompletableFuture<T> scripted(Supplier<CompletableFuture<T>> call) {
    calls++;
    ObjectStoreException failure = failures.poll();
    return failure == null ? call.get() : CompletableFuture.failedFuture(failure);
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return scripted(() -> store.putIfAbsent(key, body));
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    return scripted(() -> store.putIfMatch(key, expected, body));
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    return scripted(() -> store.get(key, range));
  }

  @Override
  public CompletableFuture<OptionalLong> read(
      ObjectKey key, long position, Supplier<ReadTarget> memory) {
    ReadTarget target = memory.get();
    return scripted(() -> store.read(key, position, () -> target));
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    return scripted(() -> store.delete(keys));
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    return scripted(() -> store.list(prefix, startAfter, limit));
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return scripted(() -> store.startMultipart(key)).thenApply(ScriptedUpload::new);
  }

  @Override
  public void close() {
    store.close();
  }

  private final class ScriptedUpload implements MultipartUpload {
    private final MultipartUpload upload;

    ScriptedUpload(MultipartUpload upload) {
      this.upload = upload;
    }

    @Override
    public CompletableFuture<Part> put(int number, ObjectBody body) {
      return scripted(() -> upload.put(number, body));
    }

    @Override
    public CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range) {
      return scripted(() -> upload.copy(number, source, range));
    }

    @Override
    public CompletableFuture<ETag> complete(List<Part> parts) {
      return scripted(() -> upload.complete(parts));
    }

    @Override
    public CompletableFuture<Void> abort() {
      return scripted(upload::abort);
    }
  }
}
