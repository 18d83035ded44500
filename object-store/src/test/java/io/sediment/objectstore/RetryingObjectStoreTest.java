package io.sediment.objectstore;

import static io.sediment.objectstore.ScriptedStore.refused;
import static io.sediment.objectstore.ScriptedStore.throttled;
import static io.sediment.objectstore.ScriptedStore.unavailable;
import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.Await;
import io.sediment.runtime.ManualScheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class RetryingObjectStoreTest {
  private static final ObjectKey KEY = new ObjectKey("a/b");
  private static final ObjectBody BODY = ObjectBody.of(new byte[] {1, 2, 3});

  private final ManualScheduler time = new ManualScheduler();
  private final ScriptedStore store = new ScriptedStore();
  private final RetryingObjectStore retrying =
      new RetryingObjectStore(store, RetryPolicy.DEFAULT, time, time, new Random(1));

  @Test
  void readsListingsAndDeletesAreRepeatedUntilTheySucceed() {
    List<Supplier<CompletableFuture<?>>> requests =
        List.of(
            () -> retrying.get(KEY, ByteRange.all()),
            () -> retrying.list("", "", 10),
            () -> retrying.delete(List.of(KEY)),
            () -> retrying.startMultipart(KEY));
    for (Supplier<CompletableFuture<?>> request : requests) {
      store.calls = 0;
      store.failNext(unavailable(), throttled());
      CompletableFuture<?> answer = request.get();
      assertThat(answer).isNotDone();
      time.advance(Duration.ofSeconds(5));
      assertThat(answer).isCompleted();
      assertThat(store.calls).isEqualTo(3);
    }
  }

  @Test
  void eachAttemptOfAReadGetsMemoryOfItsOwn() {
    List<ByteBuffer> given = new ArrayList<>();
    Await.result(retrying.putIfAbsent(KEY, BODY));
    store.failNext(unavailable());

    CompletableFuture<OptionalLong> read =
        retrying.read(
            KEY,
            0,
            () -> {
              given.add(ByteBuffer.allocate(1));
              return new ReadTarget(given.subList(given.size() - 1, given.size()));
            });
    time.advance(Duration.ofSeconds(5));

    assertThat(Await.result(read)).hasValue(1);
    assertThat(given.get(0).hasRemaining()).as("the failed attempt's").isTrue();
    assertThat(given.get(1).hasRemaining()).isFalse();
  }

  @Test
  void conditionalPutsAreNeverRepeated() {
    store.failNext(unavailable(), unavailable());
    assertThat(Await.failure(retrying.putIfAbsent(KEY, BODY)))
        .isInstanceOf(ObjectStoreException.Unavailable.class);
    assertThat(Await.failure(retrying.putIfMatch(KEY, new ETag("x"), BODY)))
        .isInstanceOf(ObjectStoreException.Unavailable.class);
    assertThat(store.calls).isEqualTo(2);
    assertThat(time.pending()).isZero();
  }

  @Test
  void partsAreRepeatedButCompletingIsNot() {
    MultipartUpload upload = Await.result(retrying.startMultipart(KEY));
    store.failNext(unavailable());
    CompletableFuture<MultipartUpload.Part> part = upload.put(1, BODY);
    time.advance(Duration.ofSeconds(1));
    store.failNext(unavailable());
    CompletableFuture<ETag> lost = upload.complete(List.of(Await.result(part)));
    assertThat(Await.failure(lost)).isInstanceOf(ObjectStoreException.Unavailable.class);
    Await.result(upload.complete(List.of(Await.result(part))));
    store.failNext(unavailable());
    CompletableFuture<Void> abort = upload.abort();
    time.advance(Duration.ofSeconds(1));

    assertThat(abort).isCompleted();
    assertThat(Await.result(retrying.get(KEY, ByteRange.all()))).isPresent();
  }

  @Test
  void whatIsRefusedIsNotRepeated() {
    store.failNext(refused());
    assertThat(Await.failure(retrying.get(KEY, ByteRange.all())))
        .isInstanceOf(ObjectStoreException.Refused.class);
    assertThat(store.calls).isEqualTo(1);
  }

  @Test
  void aStoreThatStaysAwayIsGivenUpAtTheDeadline() {
    for (int i = 0; i < 1000; i++) {
      store.failNext(unavailable());
    }
    CompletableFuture<?> answer = retrying.get(KEY, ByteRange.all());
    time.advance(Duration.ofSeconds(20));
    assertThat(answer).isNotDone();
    time.advance(Duration.ofSeconds(10));
    assertThat(Await.failure(answer)).isInstanceOf(ObjectStoreException.Unavailable.class);
    assertThat(store.calls).isBetween(8, 20);
    assertThat(time.pending()).isZero();
  }

  @Test
  void closingEndsWhatWaitsForItsNextAttempt() {
    store.failNext(unavailable());
    CompletableFuture<?> answer = retrying.get(KEY, ByteRange.all());
    retrying.close();
    assertThat(Await.failure(answer)).isInstanceOf(ObjectStoreException.Unavailable.class);
    time.advance(Duration.ofSeconds(5));
    assertThat(store.calls).isEqualTo(1);
  }

  @Nested
  class Contract implements ObjectStoreContract {
    @Override
    public ObjectStore newStore() {
      return new RetryingObjectStore(
          new MemoryObjectStore(), RetryPolicy.DEFAULT, time, time, new Random(1));
    }
  }
}
