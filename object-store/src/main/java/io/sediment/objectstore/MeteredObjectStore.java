package io.sediment.objectstore;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.sediment.runtime.Failures;
import io.sediment.runtime.Ticker;
import java.time.Duration;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Counts and times every request. Belongs directly around the real store, below anything that
 * retries, so that each attempt is seen as it is paid for.
 *
 * <p>Meters: {@code sediment.store.requests} (timer; tags {@code op} and {@code result}), {@code
 * sediment.store.bytes} (counter; tag {@code direction}), {@code sediment.store.inflight} (gauge);
 * all with the tag {@code client}.
 */
public final class MeteredObjectStore implements ObjectStore {
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1),
    Duration.ofMillis(2),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(250),
    Duration.ofMillis(500),
    Duration.ofSeconds(1),
    Duration.ofMillis(2500),
    Duration.ofSeconds(10)
  };

  /** How a request ended. */
  private enum Result {
    OK,
    /** A conditional put found its condition not met. */
    LOST,
    /** A get found no object. */
    ABSENT,
    UNAVAILABLE,
    THROTTLED,
    REFUSED
  }

  private final ObjectStore store;
  private final Ticker ticker;
  private final Map<StoreOperation, Map<Result, Timer>> timers =
      new EnumMap<>(StoreOperation.class);
  private final Map<StoreOperation, LongAdder> requests = new EnumMap<>(StoreOperation.class);
  private final LongAdder uploadedBytes = new LongAdder();
  private final LongAdder downloadedBytes = new LongAdder();
  private final LongAdder inFlight = new LongAdder();
  private final Counter uploaded;
  private final Counter downloaded;

  /**
   * @param client tells the clients of one process apart, such as {@code main} and {@code catchup}
   */
  public MeteredObjectStore(
      ObjectStore store, String client, MeterRegistry registry, Ticker ticker) {
    this.store = store;
    this.ticker = ticker;
    for (StoreOperation operation : StoreOperation.values()) {
      requests.put(operation, new LongAdder());
      Map<Result, Timer> byResult = new EnumMap<>(Result.class);
      for (Result result : Result.values()) {
        if (canEnd(operation, result)) {
          byResult.put(result, timer(registry, client, operation, result));
        }
      }
      timers.put(operation, byResult);
    }
    uploaded = bytes(registry, client, "up");
    downloaded = bytes(registry, client, "down");
    registry.gauge("sediment.store.inflight", Tags.of("client", client), inFlight, LongAdder::sum);
  }

  /** All requests so far, those under way included. */
  public RequestCounts counts() {
    Map<StoreOperation, Long> snapshot = new EnumMap<>(StoreOperation.class);
    requests.forEach((operation, count) -> snapshot.put(operation, count.sum()));
    return new RequestCounts(snapshot, uploadedBytes.sum(), downloadedBytes.sum());
  }

  @Override
  public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
    long startNanos = begin(StoreOperation.PUT_IF_ABSENT, 1);
    countUpload(body);
    return ending(
        StoreOperation.PUT_IF_ABSENT,
        startNanos,
        store.putIfAbsent(key, body),
        MeteredObjectStore::resultOfPut);
  }

  @Override
  public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
    long startNanos = begin(StoreOperation.PUT_IF_MATCH, 1);
    countUpload(body);
    return ending(
        StoreOperation.PUT_IF_MATCH,
        startNanos,
        store.putIfMatch(key, expected, body),
        MeteredObjectStore::resultOfPut);
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    long startNanos = begin(StoreOperation.GET, 1);
    return ending(
        StoreOperation.GET,
        startNanos,
        store.get(key, range),
        found ->
            found.isPresent() ? countDownload(found.get().bytes().remaining()) : Result.ABSENT);
  }

  @Override
  public CompletableFuture<OptionalLong> read(
      ObjectKey key, long position, Supplier<ReadTarget> memory) {
    long startNanos = begin(StoreOperation.GET, 1);
    return ending(
        StoreOperation.GET,
        startNanos,
        store.read(key, position, memory),
        found -> found.isPresent() ? countDownload(found.getAsLong()) : Result.ABSENT);
  }

  private Result countDownload(long length) {
    downloadedBytes.add(length);
    downloaded.increment(length);
    return Result.OK;
  }

  @Override
  public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
    long startNanos = begin(StoreOperation.DELETE, pages(keys.size()));
    return ending(StoreOperation.DELETE, startNanos, store.delete(keys), done -> Result.OK);
  }

  @Override
  public CompletableFuture<List<ListedObject>> list(String prefix, String startAfter, int limit) {
    CompletableFuture<List<ListedObject>> listing = store.list(prefix, startAfter, limit);
    long startNanos = begin(StoreOperation.LIST, 1);
    return ending(
        StoreOperation.LIST,
        startNanos,
        listing,
        rows -> {
          adder(StoreOperation.LIST).add(pages(rows.size()) - 1); // the first is counted
          return Result.OK;
        });
  }

  @Override
  public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
    long startNanos = begin(StoreOperation.MULTIPART_START, 1);
    return ending(
            StoreOperation.MULTIPART_START, startNanos, store.startMultipart(key), u -> Result.OK)
        .thenApply(MeteredUpload::new);
  }

  @Override
  public void close() {
    store.close();
  }

  private final class MeteredUpload implements MultipartUpload {
    private final MultipartUpload upload;

    MeteredUpload(MultipartUpload upload) {
      this.upload = upload;
    }

    @Override
    public CompletableFuture<Part> put(int number, ObjectBody body) {
      long startNanos = begin(StoreOperation.MULTIPART_PUT, 1);
      countUpload(body);
      return ending(
          StoreOperation.MULTIPART_PUT, startNanos, upload.put(number, body), p -> Result.OK);
    }

    @Override
    public CompletableFuture<Part> copy(int number, ObjectKey source, ByteRange.Slice range) {
      long startNanos = begin(StoreOperation.MULTIPART_COPY, 1);
      return ending(
          StoreOperation.MULTIPART_COPY,
          startNanos,
          upload.copy(number, source, range),
          p -> Result.OK);
    }

    @Override
    public CompletableFuture<ETag> complete(List<Part> parts) {
      long startNanos = begin(StoreOperation.MULTIPART_COMPLETE, 1);
      return ending(
          StoreOperation.MULTIPART_COMPLETE, startNanos, upload.complete(parts), t -> Result.OK);
    }

    @Override
    public CompletableFuture<Void> abort() {
      long startNanos = begin(StoreOperation.MULTIPART_ABORT, 1);
      return ending(StoreOperation.MULTIPART_ABORT, startNanos, upload.abort(), done -> Result.OK);
    }
  }

  private long begin(StoreOperation operation, long requestCount) {
    adder(operation).add(requestCount);
    inFlight.increment();
    return ticker.nanoTime();
  }

  /** Notes the end before the caller learns of it, so that a test that waited sees the count. */
  private <T> CompletableFuture<T> ending(
      StoreOperation operation,
      long startNanos,
      CompletableFuture<T> request,
      Function<T, Result> resultOf) {
    return request.whenComplete(
        (value, failure) -> {
          inFlight.decrement();
          Result result = failure == null ? resultOf.apply(value) : resultOf(failure);
          Timer timer = timers.getOrDefault(operation, Map.of()).get(result);
          if (timer != null) {
            timer.record(ticker.nanoTime() - startNanos, TimeUnit.NANOSECONDS);
          }
        });
  }

  private void countUpload(ObjectBody body) {
    uploadedBytes.add(body.length());
    uploaded.increment(body.length());
  }

  private LongAdder adder(StoreOperation operation) {
    LongAdder adder = requests.get(operation);
    if (adder == null) {
      throw new IllegalStateException("no count of " + operation);
    }
    return adder;
  }

  /** S3 lists and deletes a thousand keys a request. */
  private static long pages(int keys) {
    return Math.max(1, (keys + 999) / 1000);
  }

  private static Result resultOfPut(PutResult result) {
    return result instanceof PutResult.Created ? Result.OK : Result.LOST;
  }

  private static Result resultOf(Throwable failure) {
    if (Failures.causeOf(failure) instanceof ObjectStoreException.Unavailable unavailable) {
      return unavailable.throttled() ? Result.THROTTLED : Result.UNAVAILABLE;
    }
    return Result.REFUSED;
  }

  private static boolean canEnd(StoreOperation operation, Result result) {
    return switch (result) {
      case LOST ->
          operation == StoreOperation.PUT_IF_ABSENT || operation == StoreOperation.PUT_IF_MATCH;
      case ABSENT -> operation == StoreOperation.GET;
      default -> true;
    };
  }

  private static Timer timer(
      MeterRegistry registry, String client, StoreOperation operation, Result result) {
    return Timer.builder("sediment.store.requests")
        .description("Requests to the object store, each attempt on its own")
        .tag("client", client)
        .tag("op", operation.tag())
        .tag("result", result.name().toLowerCase(Locale.ROOT))
        .serviceLevelObjectives(BUCKETS)
        .register(registry);
  }

  private static Counter bytes(MeterRegistry registry, String client, String direction) {
    return Counter.builder("sediment.store.bytes")
        .description("Body bytes sent to and read from the object store")
        .baseUnit("bytes")
        .tag("client", client)
        .tag("direction", direction)
        .register(registry);
  }
}
