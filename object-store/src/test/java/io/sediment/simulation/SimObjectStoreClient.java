package io.sediment.simulation;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.MultipartUpload;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The simulated bucket as one process sees it. */
final class SimObjectStoreClient implements ObjectStore {
  private final SimObjectStore store;
  private final SimScheduler process;
  private final SortedMap<Long, Runnable> openCalls = new TreeMap<>();
  private boolean closed;

  SimObjectStoreClient(SimObjectStore store, SimScheduler process) {
    this.store = store;
    this.process = process;
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    BodyInFlight inFlight = new BodyInFlight(body);
    return send(
        request(StoreOp.PUT_IF_ABSENT, key, body.length()),
        inFlight,
        fault -> putResult(store.createIfAbsent(key, inFlight.take()), inFlight));
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    BodyInFlight inFlight = new BodyInFlight(body);
    return send(
        request(StoreOp.PUT_IF_MATCH, key, body.length()),
        inFlight,
        fault -> putResult(store.replaceIfMatch(key, expected, inFlight.take()), inFlight));
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    StoreRequest request = request(StoreOp.GET, key, 0);
    return send(request, null, fault -> store.read(key, range, request, fault));
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    List<ObjectKey> sorted = keys.stream().sorted().toList();
    if (sorted.isEmpty()) {
      return CompletableFuture.completedFuture(null);
    }
    StoreRequest request =
        store.request(process, StoreOp.DELETE, sorted, folderOf(sorted.get(0).value()), 0);
    return send(
        request,
        null,
        fault -> {
          store.remove(sorted, request, fault);
          return null;
        });
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    ObjectStore.checkListing(prefix, limit);
    StoreRequest request = store.request(process, StoreOp.LIST, List.of(), prefix, 0);
    return send(request, null, fault -> store.listed(prefix, startAfter, limit, request, fault));
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return send(
        request(StoreOp.START_MULTIPART, key, 0),
        null,
        fault -> new SimMultipartUpload(store, this, key));
  }

  @Override
  public void close() {
    closed = true;
    List<Runnable> ends = List.copyOf(openCalls.values());
    openCalls.clear();
    ends.forEach(Runnable::run);
  }

  <T> CompletableFuture<T> send(
      StoreRequest request, @Nullable BodyInFlight body, Function<@Nullable Fault, T> landing) {
    if (closed) {
      return CompletableFuture.failedFuture(
          new ObjectStoreException.Refused("store is closed: " + request, null));
    }
    CompletableFuture<T> future = store.send(request, body, landing);
    openCalls.put(request.id(), () -> end(request, body, future));
    future.whenComplete((value, failure) -> openCalls.remove(request.id()));
    return future;
  }

  private static void end(
      StoreRequest request, @Nullable BodyInFlight body, CompletableFuture<?> future) {
    if (body != null) {
      body.take();
    }
    future.completeExceptionally(
        new ObjectStoreException.Unavailable("store closed meanwhile: " + request, null));
  }

  StoreRequest request(StoreOp op, ObjectKey key, long bodyLength) {
    return store.request(process, op, List.of(key), folderOf(key.value()), bodyLength);
  }

  private static PutResult putResult(boolean done, BodyInFlight body) {
    return done
        ? new PutResult.Created(SimObjectStore.eTagOf(body.take()))
        : new PutResult.PreconditionFailed();
  }

  private static String folderOf(String key) {
    return key.substring(0, key.lastIndexOf('/') + 1);
  }
}
