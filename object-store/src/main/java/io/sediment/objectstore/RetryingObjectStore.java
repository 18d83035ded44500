package io.sediment.objectstore;

import io.sediment.runtime.Failures;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats what is safe to repeat, when the store was unavailable: reads, listings, deletes, and the
 * parts of a multipart upload.
 *
 * <p>Not conditional puts, nor completing an upload: the first attempt may have succeeded with its
 * answer lost, and a second one would then lose against it. Only the caller can tell its own bytes
 * from another's, so those failures pass through at once.
 *
 * <p>One attempt at a time: the next starts after the store has ended the one before, so a body is
 * in use until the returned future completes and no longer.
 */
public final class RetryingObjectStore implements ObjectStore {
  private static final Logger log = LoggerFactory.getLogger(RetryingObjectStore.class);

  private final ObjectStore store;
  private final RetryPolicy policy;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final RandomGenerator random;
  private final Set<Attempts<?>> waiting = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  public RetryingObjectStore(
      ObjectStore store,
      RetryPolicy policy,
      Scheduler scheduler,
      Ticker ticker,
      RandomGenerator random) {
    this.store = store;
    this.policy = policy;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.random = random;
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    return store.putIfAbsent(key, body);
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    return store.putIfMatch(key, expected, body);
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    return retrying("get " + key, () -> store.get(key, range));
  }

  @Override
  public CompletableFuture<OptionalLong> read(
      ObjectKey key, long position, Supplier<ReadTarget> memory) {
    return retrying("read " + key, () -> store.read(key, position, memory));
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    List<ObjectKey> doomed = List.copyOf(keys);
    return retrying("delete", () -> store.delete(doomed));
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    return retrying("list " + prefix, () -> store.list(prefix, startAfter, limit));
  }

  /** A repeated start may leave an upload nobody knows of; the bucket's lifecycle rule ends it. */
  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    return retrying("start multipart " + key, () -> store.startMultipart(key))
        .thenApply(upload -> new RetryingUpload(key, upload));
  }

  @Override
  public void close() {
    closed = true;
    waiting.forEach(Attempts::endWaiting);
    store.close();
  }

  private final class RetryingUpload implements MultipartUpload {
    private final ObjectKey key;
    private final MultipartUpload upload;

    RetryingUpload(ObjectKey key, MultipartUpload upload) {
      this.key = key;
      this.upload = upload;
    }

    @Override
    public CompletableFuture<Part> put(int number, ObjectBody body) {
      return retrying("put part " + number + " of " + key, () -> upload.put(number, body));
    }

    @Override
    public CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range) {
      return retrying(
          "copy part " + number + " of " + key, () -> upload.copy(number, source, range));
    }

    @Override
    public CompletableFuture<ETag> complete(List<Part> parts) {
      return upload.complete(parts);
    }

    @Override
    public CompletableFuture<Void> abort() {
      return retrying("abort " + key, upload::abort);
    }
  }

  private <T> CompletableFuture<T> retrying(String what, Supplier<CompletableFuture<T>> request) {
    Attempts<T> attempts = new Attempts<>(what, request);
    attempts.start();
    return attempts.outcome;
  }

  /** One call and its attempts. */
  private final class Attempts<T> {
    private final String what;
    private final Supplier<CompletableFuture<T>> request;
    private final CompletableFuture<T> outcome = new CompletableFuture<>();
    private final long startNanos = ticker.nanoTime();
    private int failed; // written by one attempt at a time
    private volatile @Nullable ObjectStoreException lastFailure;

    Attempts(String what, Supplier<CompletableFuture<T>> request) {
      this.what = what;
      this.request = request;
    }

    void start() {
      request
          .get()
          .whenComplete(
              (value, failure) -> {
                if (failure == null) {
                  outcome.complete(value);
                } else {
                  onFailure(Failures.causeOf(failure));
                }
              });
    }

    private void onFailure(Throwable failure) {
      failed++;
      if (!(failure instanceof ObjectStoreException.Unavailable unavailable) || closed) {
        outcome.completeExceptionally(failure);
        return;
      }
      lastFailure = unavailable;
      Duration elapsed = Duration.ofNanos(ticker.nanoTime() - startNanos);
      Optional<Duration> delay = policy.nextDelay(failed, unavailable.throttled(), elapsed, random);
      if (delay.isEmpty()) {
        log.warn(
            "gave up: {} attempts={} elapsed={} failure={}",
            what,
            failed,
            elapsed,
            unavailable.getMessage());
        outcome.completeExceptionally(unavailable);
        return;
      }
      log.debug("retries: {} attempts={} delay={}", what, failed, delay.get(), unavailable);
      waiting.add(this);
      scheduler.schedule(this::resume, delay.get());
      if (closed) { // close may have missed us
        endWaiting();
      }
    }

    private void resume() {
      if (waiting.remove(this)) {
        start();
      }
    }

    void endWaiting() {
      ObjectStoreException failure = lastFailure;
      if (waiting.remove(this) && failure != null) {
        outcome.completeExceptionally(failure);
      }
    }
  }
}
