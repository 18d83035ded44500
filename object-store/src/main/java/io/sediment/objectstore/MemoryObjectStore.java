package io.sediment.objectstore;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bucket on the heap, gone with the process: for trying things out and as the honest fake in
 * tests. "Durable" means as durable as the process.
 */
public final class MemoryObjectStore implements ObjectStore {
  /** One version of an object; compared by identity, which is what a conditional replace needs. */
  private static final class Version {
    final byte[] bytes;
    final ETag eTag;

    Version(byte[] bytes, ETag eTag) {
      this.bytes = bytes;
      this.eTag = eTag;
    }
  }

  private final NavigableMap<ObjectKey, Version> objects;
  private final AtomicLong versions;
  private final Executor executor;
  private final OpenCalls calls = new OpenCalls("memory", MemoryObjectStore::toException, () -> {});

  /** A store whose calls are carried out, and completed, by the calling thread. */
  public MemoryObjectStore() {
    this(Runnable::run);
  }

  /** A store whose calls are carried out, and completed, by {@code executor}. */
  public MemoryObjectStore(Executor executor) {
    this(executor, new ConcurrentSkipListMap<>(), new AtomicLong());
  }

  private MemoryObjectStore(
      Executor executor, NavigableMap<ObjectKey, Version> objects, AtomicLong versions) {
    this.executor = executor;
    this.objects = objects;
    this.versions = versions;
  }

  /** Another client of the same bucket, as another process would have; closed on its own. */
  public MemoryObjectStore anotherClient() {
    return new MemoryObjectStore(executor, objects, versions);
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return calls.start(
        executor,
        "create " + key,
        () -> {
          Version created = newVersion(body.toByteArray());
          return objects.putIfAbsent(key, created) == null
              ? new PutResult.Created(created.eTag)
              : new PutResult.PreconditionFailed();
        });
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    return calls.start(
        executor,
        "replace " + key,
        () -> {
          Version current = objects.get(key);
          if (current == null || !current.eTag.equals(expected)) {
            return new PutResult.PreconditionFailed();
          }
          Version next = newVersion(body.toByteArray());
          return objects.replace(key, current, next)
              ? new PutResult.Created(next.eTag)
              : new PutResult.PreconditionFailed();
        });
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    return calls.start(
        executor,
        "get " + key,
        () -> Optional.ofNullable(objects.get(key)).map(v -> read(v, range)));
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    List<ObjectKey> doomed = List.copyOf(keys);
    return calls.start(
        executor,
        "delete",
        () -> {
          doomed.forEach(objects::remove);
          return null;
        });
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    ObjectStore.checkListing(prefix, limit);
    return calls.start(
        executor,
        "list " + prefix,
        () -> {
          List<ListedObject> rows = new ArrayList<>();
          for (Map.Entry<ObjectKey, Version> entry : objects.entrySet()) {
            String key = entry.getKey().value();
            if (key.startsWith(prefix) && key.compareTo(startAfter) > 0) {
              rows.add(new ListedObject(entry.getKey(), entry.getValue().bytes.length));
            }
            if (rows.size() == limit) {
              break;
            }
          }
          return rows;
        });
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return calls.start(executor, "start multipart " + key, () -> new Upload(key));
  }

  @Override
  public void close() {
    calls.close();
  }

  private final class Upload implements MultipartUpload {
    private final ObjectKey key;
    private final Map<Integer, Version> parts = new ConcurrentHashMap<>();

    Upload(ObjectKey key) {
      this.key = key;
    }

    @Override
    public CompletableFuture<Part> put(int number, ObjectBody body) {
      return calls.start(
          executor, "put part " + number + " of " + key, () -> keep(number, body.toByteArray()));
    }

    @Override
    public CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range) {
      return calls.start(
          executor,
          "copy part " + number + " of " + key,
          () -> {
            Version version = objects.get(source);
            if (version == null) {
              throw new ObjectStoreException.Refused("copy: no such object key=" + source, null);
            }
            return keep(number, ObjectBody.of(read(version, range).bytes()).toByteArray());
          });
    }

    private Part keep(int number, byte[] bytes) {
      Version part = newVersion(bytes);
      parts.put(number, part);
      return new Part(number, part.eTag);
    }

    @Override
    public CompletableFuture<ETag> complete(List<Part> order) {
      return calls.start(
          executor,
          "complete " + key,
          () -> {
            List<ByteBuffer> buffers = new ArrayList<>();
            for (Part part : order) {
              Version stored = parts.get(part.number());
              if (stored == null || !stored.eTag.equals(part.eTag())) {
                throw new ObjectStoreException.Refused(
                    "complete: no such part key=" + key + " part=" + part, null);
              }
              buffers.add(ByteBuffer.wrap(stored.bytes));
            }
            Version whole = newVersion(ObjectBody.of(buffers).toByteArray());
            objects.put(key, whole);
            parts.clear();
            return whole.eTag;
          });
    }

    @Override
    public CompletableFuture<Void> abort() {
      return calls.start(
          executor,
          "abort " + key,
          () -> {
            parts.clear();
            return null;
          });
    }
  }

  private Version newVersion(byte[] bytes) {
    return new Version(bytes, new ETag("v" + versions.incrementAndGet()));
  }

  private static StoredBytes read(Version version, ByteRange range) {
    ByteRange.Clipped clipped = range.clip(version.bytes.length);
    ByteBuffer bytes =
        ByteBuffer.wrap(version.bytes, (int) clipped.position(), (int) clipped.length());
    return new StoredBytes(bytes.slice().asReadOnlyBuffer(), version.bytes.length, version.eTag);
  }

  private static ObjectStoreException toException(String what, Throwable failure) {
    return failure instanceof ObjectStoreException mapped
        ? mapped
        : new ObjectStoreException.Refused(what + ": " + failure, failure);
  }
}
