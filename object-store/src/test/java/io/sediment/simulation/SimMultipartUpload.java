package io.sediment.simulation;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.MultipartUpload;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStoreException;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * An upload in parts. Once it has been completed or aborted, whatever else arrives for it is
 * answered {@code Unavailable}, a repeated completion too: only reading the object tells.
 */
final class SimMultipartUpload implements MultipartUpload {
  private final SimObjectStore store;
  private final SimObjectStoreClient client;
  private final ObjectKey key;
  private final long id;
  private final NavigableMap<Integer, byte[]> parts = new TreeMap<>();

  SimMultipartUpload(SimObjectStore store, SimObjectStoreClient client, ObjectKey key) {
    this.store = store;
    this.client = client;
    this.key = key;
    this.id = store.startUpload(this);
  }

  @Override
  public CompletableFuture<Part> put(int number, ObjectBody body) {
    BodyInFlight inFlight = new BodyInFlight(body);
    return client.send(
        client.request(StoreOp.PUT_PART, key, body.length()),
        inFlight,
        fault -> storePart(number, inFlight.take()));
  }

  @Override
  public CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range) {
    return client.send(
        client.request(StoreOp.COPY_PART, key, 0),
        null,
        fault -> {
          byte[] bytes = store.bytesOf(source);
          if (bytes == null) {
            throw new ObjectStoreException.Refused("no such source: " + source, null);
          }
          return storePart(number, SimObjectStore.clip(bytes, range));
        });
  }

  @Override
  public CompletableFuture<ETag> complete(List<Part> chosen) {
    return client.send(
        client.request(StoreOp.COMPLETE_MULTIPART, key, 0), null, fault -> join(chosen));
  }

  @Override
  public CompletableFuture<Void> abort() {
    return client.send(
        client.request(StoreOp.ABORT_MULTIPART, key, 0),
        null,
        fault -> {
          store.endUpload(id);
          return null;
        });
  }

  private Part storePart(int number, byte[] bytes) {
    requireOpen();
    parts.put(number, bytes);
    return new Part(number, SimObjectStore.eTagOf(bytes));
  }

  private ETag join(List<Part> chosen) {
    requireOpen();
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (Part part : chosen) {
      byte[] bytes = parts.get(part.number());
      if (bytes == null || !SimObjectStore.eTagOf(bytes).equals(part.eTag())) {
        throw new ObjectStoreException.Refused("no such part: " + part + " of " + key, null);
      }
      whole.writeBytes(bytes);
    }
    store.overwrite(key, whole.toByteArray());
    store.endUpload(id);
    return SimObjectStore.eTagOf(whole.toByteArray());
  }

  private void requireOpen() {
    if (!store.isOpenUpload(id)) {
      throw new ObjectStoreException.Unavailable("no such upload any more: " + key, null);
    }
  }
}
