package io.sediment.simulation;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.MultipartUpload;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/**
 * A simulated store for callers that wait: each call runs the simulation until its future is
 * complete. Calls of several threads take turns.
 */
public final class DrivenStore implements ObjectStore {
  private static final Duration LIMIT = Duration.ofHours(1);
  private final Simulation simulation;
  private final ObjectStore store;

  public DrivenStore(Simulation simulation, ObjectStore store) {
    this.simulation = simulation;
    this.store = store;
  }

  private synchronized <T> CompletableFuture<T> drive(Supplier<CompletableFuture<T>> call) {
    CompletableFuture<T> future = call.get();
    simulation.runUntil(future::isDone, LIMIT, "an answer");
    return future;
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return drive(() -> store.putIfAbsent(key, body));
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    return drive(() -> store.putIfMatch(key, expected, body));
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    return drive(() -> store.get(key, range));
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    return drive(() -> store.delete(keys));
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    return drive(() -> store.list(prefix, startAfter, limit));
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return drive(() -> store.startMultipart(key)).thenApply(Driven::new);
  }

  @Override
  public void close() {
    store.close();
  }

  private final class Driven implements MultipartUpload {
    private final MultipartUpload upload;

    Driven(MultipartUpload upload) {
      this.upload = upload;
    }

    @Override
    public CompletableFuture<Part> put(int number, ObjectBody body) {
      return drive(() -> upload.put(number, body));
    }

    @Override
    public CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range) {
      return drive(() -> upload.copy(number, source, range));
    }

    @Override
    public CompletableFuture<ETag> complete(List<Part> parts) {
      return drive(() -> upload.complete(parts));
    }

    @Override
    public CompletableFuture<Void> abort() {
      return drive(upload::abort);
    }
  }
}
