package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.runtime.Await;
import io.sediment.runtime.ManualScheduler;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class StoreProbeTest {
  /** An honest store; tests override what it lies about. */
  private static class Server implements ObjectStore {
    final MemoryObjectStore honest = new MemoryObjectStore();

    @Override
    public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
      return honest.putIfAbsent(key, body);
    }

    @Override
    public CompletableFuture<PutResult> putIfMatch(ObjectKey key, ETag expected, ObjectBody body) {
      return honest.putIfMatch(key, expected, body);
    }

    @Override
    public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
      return honest.get(key, range);
    }

    @Override
    public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
      return honest.delete(keys);
    }

    @Override
    public CompletableFuture<List<ListedObject>> list(String prefix, String after, int limit) {
      return honest.list(prefix, after, limit);
    }

    @Override
    public CompletableFuture<MultipartUpload> startMultipart(ObjectKey key) {
      return honest.startMultipart(key);
    }

    @Override
    public void close() {
      honest.close();
    }

    CompletableFuture<PutResult> overwrite(ObjectKey key, ObjectBody body) {
      return honest.delete(List.of(key)).thenCompose(gone -> honest.putIfAbsent(key, body));
    }
  }

  @Test
  void anHonestStorePassesAndIsLeftClean() {
    Server server = new Server();
    StoreProbe.Findings findings = probe(server);
    assertThat(findings.broken()).isEmpty();
    assertThat(findings.kept()).hasSize(8);
    assertThatCode(() -> findings.requireHonest("memory")).doesNotThrowAnyException();
    assertThat(Await.result(server.list("", "", 10))).isEmpty();
  }

  @Test
  void aStoreThatIgnoresIfNoneMatchIsNamed() {
    Server server =
        new Server() {
          @Override
          public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
            return overwrite(key, body);
          }
        };
    assertThatThrownBy(() -> probe(server).requireHonest("s3 bucket=b"))
        .isInstanceOf(ObjectStoreException.Refused.class)
        .hasMessageContaining("store=s3 bucket=b")
        .hasMessageContaining("created the same key twice")
        .hasMessageContaining("8 of 8 writers that raced to create");
    assertThat(probe(server).broken()).hasSize(2);
    assertThat(Await.result(server.list("", "", 10))).isEmpty();
  }

  @Test
  void aStoreThatIgnoresIfMatchIsNamed() {
    Server server =
        new Server() {
          @Override
          public CompletableFuture<PutResult> putIfMatch(
              ObjectKey key, ETag expected, ObjectBody body) {
            return overwrite(key, body);
          }
        };
    assertThat(probe(server).broken())
        .containsExactly(
            "it replaced a version that was no longer there: If-Match is ignored",
            "8 of 8 writers that raced to replace one object were told they had won");
    assertThat(Await.result(server.list("", "", 10))).isEmpty();
  }

  @Test
  void aStoreThatIgnoresRangesIsNamed() {
    Server server =
        new Server() {
          @Override
          public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
            return honest.get(key, ByteRange.all());
          }
        };
    assertThat(probe(server).broken())
        .singleElement()
        .asString()
        .contains("expected=234 got=0123456789");
  }

  @Test
  void aStoreThatKeepsWhatItShouldDeleteIsNamed() {
    Server server =
        new Server() {
          @Override
          public CompletableFuture<Void> delete(Collection<ObjectKey> keys) {
            return CompletableFuture.completedFuture(null);
          }
        };
    assertThat(probe(server).broken()).containsExactly("a deleted object is still there");
  }

  @Test
  void losersOfARaceMayBeAnsweredWithAnError() {
    Server server =
        new Server() {
          @Override
          public CompletableFuture<PutResult> putIfMatch(
              ObjectKey key, ETag expected, ObjectBody body) {
            return super.putIfMatch(key, expected, body)
                .thenApply(
                    result -> {
                      if (key.value().endsWith("raced") && !(result instanceof PutResult.Created)) {
                        throw ScriptedStore.unavailable();
                      }
                      return result;
                    });
          }
        };
    assertThat(probe(server).broken()).isEmpty();
  }

  @Test
  void aStoreThatCannotBeReachedIsNotCalledALiar() {
    ScriptedStore store = new ScriptedStore();
    store.failNext(ScriptedStore.unavailable());
    assertThat(Await.failure(new StoreProbe(store, new Random(1)).run()))
        .isInstanceOf(ObjectStoreException.Unavailable.class);
    assertThat(Await.result(store.list("", "", 10))).isEmpty();
  }

  @Test
  void aStoreThatStaysAwayIsSaidToBeAtOnce() {
    ManualScheduler time = new ManualScheduler();
    ScriptedStore store = new ScriptedStore();
    store.failNext(ScriptedStore.unavailable(), ScriptedStore.unavailable());
    RetryingObjectStore retrying =
        new RetryingObjectStore(store, RetryPolicy.DEFAULT, time, time, new Random(1));
    assertThat(new StoreProbe(retrying, new Random(1)).run())
        .as("without waiting for what is repeated")
        .isCompletedExceptionally();
  }

  private static StoreProbe.Findings probe(ObjectStore store) {
    return Await.result(new StoreProbe(store, new Random(7)).run());
  }
}
