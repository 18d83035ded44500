package io.sediment.lsm.object;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ListedObject;
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
import java.util.concurrent.atomic.AtomicInteger;

/** Counts the calls that cost money. */
public final class CountingStore implements ObjectStore {
  private final ObjectStore store;
  private final AtomicInteger gets = new AtomicInteger();
  private final AtomicInteger puts = new AtomicInteger();
  private final AtomicInteger lists = new AtomicInteger();
  private final AtomicInteger deletes = new AtomicInteger();

  public CountingStore(ObjectStore store) {
    this.store = store;
  }

  public int gets() {
    return gets.get();
  }

  public int puts() {
    return puts.get();
  }

  public int lists() {
    return lists.get();
  }

  public int deletes() {
    return deletes.get();
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    puts.incrementAndGet();
    return store.putIfAbsent(key, body);
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    puts.incrementAndGet();
    return store.putIfMatch(key, expected, body);
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    gets.incrementAndGet();
    return store.get(key, range);
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    deletes.incrementAndGet();
    return store.delete(keys);
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    lists.incrementAndGet();
    return store.list(prefix, startAfter, limit);
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    puts.incrementAndGet();
    return store.startMultipart(key);
  }

  @Override
  public void close() {
    store.close();
  }
}
