package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.runtime.Await;
import io.sediment.runtime.ManualScheduler;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class MeteredObjectStoreTest {
  private static final ObjectKey KEY = new ObjectKey("a");
  private static final ObjectBody BODY = ObjectBody.of(new byte[1000]);

  private final ManualScheduler time = new ManualScheduler();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ScriptedStore store = new ScriptedStore();
  private final MeteredObjectStore metered = new MeteredObjectStore(store, "main", registry, time);

  @Test
  void requestsAreCountedByOperationAndResult() {
    Await.result(metered.putIfAbsent(KEY, BODY));
    Await.result(metered.putIfAbsent(KEY, BODY));
    Await.result(metered.putIfMatch(KEY, new ETag("none"), BODY));
    Await.result(metered.get(KEY, ByteRange.of(10, 300)));
    Await.result(metered.get(new ObjectKey("absent"), ByteRange.all()));
    store.failNext(ScriptedStore.unavailable(), ScriptedStore.throttled(), ScriptedStore.refused());
    Await.failure(metered.get(KEY, ByteRange.all()));
    Await.failure(metered.get(KEY, ByteRange.all()));
    Await.failure(metered.get(KEY, ByteRange.all()));

    assertThat(timer("put_if_absent", "ok").count()).isEqualTo(1);
    assertThat(timer("put_if_absent", "lost").count()).isEqualTo(1);
    assertThat(timer("put_if_match", "lost").count()).isEqualTo(1);
    assertThat(timer("get", "ok").count()).isEqualTo(1);
    assertThat(timer("get", "absent").count()).isEqualTo(1);
    assertThat(timer("get", "unavailable").count()).isEqualTo(1);
    assertThat(timer("get", "throttled").count()).isEqualTo(1);
    assertThat(timer("get", "refused").count()).isEqualTo(1);
    assertThat(registry.get("sediment.store.bytes").tag("direction", "up").counter().count())
        .isEqualTo(3000);
    assertThat(registry.get("sediment.store.bytes").tag("direction", "down").counter().count())
        .isEqualTo(300);
    assertThat(registry.get("sediment.store.inflight").gauge().value()).isZero();

    RequestCounts counts = metered.counts();
    assertThat(counts.of(StoreOperation.PUT_IF_ABSENT)).isEqualTo(2);
    assertThat(counts.of(StoreOperation.GET)).isEqualTo(5);
    assertThat(counts.priced()).isEqualTo(8);
    assertThat(counts.uploadedBytes()).isEqualTo(3000);
    assertThat(counts.downloadedBytes()).isEqualTo(300);
  }

  @Test
  void latencyRunsFromTheCallToItsAnswer() {
    CompletableFuture<Void> gate = new CompletableFuture<>();
    MeteredObjectStore slow =
        new MeteredObjectStore(new MemoryObjectStore(gate::thenRun), "slow", registry, time);
    CompletableFuture<PutResult> put = slow.putIfAbsent(KEY, BODY);
    time.advance(Duration.ofMillis(70));
    gate.complete(null);
    Await.result(put);

    Timer timer =
        registry
            .get("sediment.store.requests")
            .tag("client", "slow")
            .tag("op", "put_if_absent")
            .tag("result", "ok")
            .timer();
    assertThat(timer.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(70);
  }

  @Test
  void aListingCountsItsPagesAndADeleteItsBatches() {
    for (int i = 0; i < 1001; i++) {
      Await.result(store.putIfAbsent(new ObjectKey("l/" + i), BODY));
    }
    RequestCounts before = metered.counts();
    Await.result(metered.list("l/", "", 5000));
    Await.result(metered.list("none/", "", 5000));
    Await.result(
        metered.delete(IntStream.range(0, 2001).mapToObj(i -> new ObjectKey("l/" + i)).toList()));

    RequestCounts difference = metered.counts().since(before);
    assertThat(difference.of(StoreOperation.LIST)).isEqualTo(3);
    assertThat(difference.of(StoreOperation.DELETE)).isEqualTo(3);
    assertThat(difference.priced()).isEqualTo(3);
  }

  @Test
  void eachStepOfAMultipartUploadIsCounted() {
    Await.result(metered.putIfAbsent(KEY, BODY));
    MultipartUpload upload = Await.result(metered.startMultipart(new ObjectKey("m")));
    MultipartUpload.Part one = Await.result(upload.put(1, BODY));
    MultipartUpload.Part two = Await.result(upload.copy(2, KEY, new ByteRange.Slice(0, 10)));
    Await.result(upload.complete(List.of(one, two)));
    Await.result(upload.abort());

    RequestCounts counts = metered.counts();
    assertThat(counts.of(StoreOperation.MULTIPART_START)).isEqualTo(1);
    assertThat(counts.of(StoreOperation.MULTIPART_PUT)).isEqualTo(1);
    assertThat(counts.of(StoreOperation.MULTIPART_COPY)).isEqualTo(1);
    assertThat(counts.of(StoreOperation.MULTIPART_COMPLETE)).isEqualTo(1);
    assertThat(counts.of(StoreOperation.MULTIPART_ABORT)).isEqualTo(1);
    assertThat(counts.uploadedBytes()).isEqualTo(2000);
  }

  @Test
  void countsBecomeDollars() {
    RequestCounts counts =
        new RequestCounts(
            Map.of(
                StoreOperation.PUT_IF_ABSENT, 1_000_000L,
                StoreOperation.GET, 2_000_000L,
                StoreOperation.LIST, 1_000L,
                StoreOperation.DELETE, 9_000_000L),
            100_000_000_000L,
            10_000_000_000L);

    assertThat(PriceList.S3_STANDARD.dollars(counts)).isCloseTo(5 + 0.8 + 0.005, within(1e-9));
    assertThat(PriceList.S3_EXPRESS.dollars(counts))
        .isCloseTo(1.13 + 0.06 + 0.00113 + 0.32 + 0.006, within(1e-9));
  }

  private Timer timer(String op, String result) {
    return registry.get("sediment.store.requests").tag("op", op).tag("result", result).timer();
  }

  @Nested
  class Contract implements ObjectStoreContract {
    @Override
    public ObjectStore newStore() {
      return new MeteredObjectStore(
          new MemoryObjectStore(), "main", new SimpleMeterRegistry(), time);
    }
  }
}
