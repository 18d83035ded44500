package io.sediment.objectstore.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.ObjectStoreException.Refused;
import io.sediment.objectstore.ObjectStoreException.Unavailable;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoreProbe;
import io.sediment.objectstore.StoredBytes;
import io.sediment.runtime.Await;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a caller is told when the network or the server fails. */
class S3FaultTest {
  private static final ObjectKey KEY = new ObjectKey("folder/object");

  static S3LoopbackServer server;

  private final Queue<ProxyFault> faults = new ConcurrentLinkedQueue<>();
  private FaultProxy proxy;
  private ObjectStore direct;
  private ObjectStore faulty;

  @BeforeAll
  static void startServer() {
    server = S3LoopbackServer.inMemory();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @BeforeEach
  void open() {
    proxy =
        FaultProxy.start(
            server.endpoint(),
            (method, target) -> {
              ProxyFault next = faults.poll();
              return next == null ? ProxyFault.NONE : next;
            },
            AnswerDelay.none());
    S3StoreConfig folder = S3ObjectStoreTest.ownFolder(server);
    direct = S3LoopbackServer.open(folder);
    faulty = S3LoopbackServer.open(folder.withEndpoint(proxy.endpoint()));
  }

  @AfterEach
  void close() {
    direct.close();
    faulty.close();
    proxy.close();
  }

  @Test
  void anAnswerLostAfterSuccessIsUnavailableAndTheObjectIsThere() {
    faults.add(ProxyFault.LOSE_ANSWER);

    assertThat(Await.failure(faulty.putIfAbsent(KEY, body(1)))).isInstanceOf(Unavailable.class);
    assertThat(stored()).isEqualTo(content(1));
  }

  @Test
  void aRequestLostOnItsWayIsUnavailableAndNothingIsThere() {
    faults.add(ProxyFault.LOSE_REQUEST);

    assertThat(Await.failure(faulty.putIfAbsent(KEY, body(1)))).isInstanceOf(Unavailable.class);
    assertThat(Await.result(direct.get(KEY, ByteRange.all()))).isEmpty();
  }

  @Test
  void aPutThatArrivesLateIsUnavailableFirstAndThenWins() {
    faults.add(ProxyFault.DELIVER_LATE);

    assertThat(Await.failure(faulty.putIfAbsent(KEY, body(1)))).isInstanceOf(Unavailable.class);
    assertThat(Await.result(direct.get(KEY, ByteRange.all()))).isEmpty();
    assertThat(Await.result(proxy.deliverHeld())).containsExactly(200);
    assertThat(Await.result(faulty.putIfAbsent(KEY, body(2))))
        .isEqualTo(new PutResult.PreconditionFailed());
    assertThat(stored()).isEqualTo(content(1));
  }

  @Test
  void aPutDeliveredTwiceIsCreatedOnce() {
    faults.add(ProxyFault.DELIVER_TWICE);

    assertThat(Await.result(faulty.putIfAbsent(KEY, body(1))))
        .isInstanceOf(PutResult.Created.class);
    assertThat(Await.result(proxy.deliverHeld())).containsExactly(412);
    assertThat(stored()).isEqualTo(content(1));
  }

  @ParameterizedTest
  @EnumSource(names = {"CONFLICT", "INTERNAL_ERROR", "SLOW_DOWN"})
  void aServerThatCannotJustNowIsUnavailable(ProxyFault fault) {
    faults.add(fault);
    faults.add(fault);

    for (Throwable failure :
        List.of(
            Await.failure(faulty.putIfAbsent(KEY, body(1))),
            Await.failure(faulty.get(KEY, ByteRange.all())))) {
      assertThat(failure).isInstanceOf(Unavailable.class);
      assertThat(((Unavailable) failure).throttled()).isEqualTo(fault == ProxyFault.SLOW_DOWN);
      assertThat(failure)
          .hasMessageContaining(server.config().bucket())
          .hasMessageContaining("status=");
    }
  }

  @Test
  void a412OutOfTheBlueIsToldAsItCame() {
    faults.add(ProxyFault.PRECONDITION_FAILED);

    assertThat(Await.result(faulty.putIfAbsent(KEY, body(1))))
        .isEqualTo(new PutResult.PreconditionFailed());
    assertThat(Await.result(direct.get(KEY, ByteRange.all()))).isEmpty();
  }

  @Test
  void anAnswerCutShortIsNeverReturned() {
    Await.result(direct.putIfAbsent(KEY, body(1)));
    for (ByteRange range :
        List.of(ByteRange.all(), ByteRange.of(100, 50_000), ByteRange.suffix(77_777))) {
      faults.add(ProxyFault.TRUNCATE_ANSWER);
      assertThat(Await.failure(faulty.get(KEY, range)))
          .as("%s", range)
          .isInstanceOf(Unavailable.class);
      StoredBytes whole = Await.result(faulty.get(KEY, range)).orElseThrow();
      assertThat(whole.bytes().remaining()).isEqualTo(range.clip(200_000).length());
    }
  }

  @Test
  void aStalledAnswerEndsWithTheTimeout() {
    S3StoreConfig impatient =
        S3ObjectStoreTest.ownFolder(server)
            .withEndpoint(proxy.endpoint())
            .withTimeouts(Duration.ofSeconds(10), Duration.ofMillis(1500));
    try (ObjectStore store = S3LoopbackServer.open(impatient)) {
      faults.add(ProxyFault.STALL_ANSWER);

      assertThat(Await.failure(store.putIfAbsent(KEY, body(1)))).isInstanceOf(Unavailable.class);
      proxy.letGo();
    }
  }

  @Test
  void closingTheStoreEndsAStalledCall() {
    ObjectStore store = S3LoopbackServer.open(server.config().withEndpoint(proxy.endpoint()));
    faults.add(ProxyFault.STALL_ANSWER);
    CompletableFuture<PutResult> put = store.putIfAbsent(new ObjectKey("stalled"), body(1));
    Await.until("the answer waits", () -> proxy.stalledAnswers() == 1);

    store.close();

    assertThat(Await.failure(put)).isInstanceOf(Unavailable.class);
  }

  @Test
  void aServerThatIsNotThereIsUnavailable() {
    proxy.close();

    assertThat(Await.failure(faulty.putIfAbsent(KEY, body(1)))).isInstanceOf(Unavailable.class);
    assertThat(Await.failure(faulty.get(KEY, ByteRange.all()))).isInstanceOf(Unavailable.class);
  }

  @Test
  void wrongCredentialsAreRefusedWithTheFacts() {
    try (ObjectStore store = S3LoopbackServer.open(server.config(), "not-the-secret")) {
      for (CompletableFuture<?> call :
          List.<CompletableFuture<?>>of(
              store.putIfAbsent(KEY, body(1)),
              store.get(KEY, ByteRange.all()),
              store.list("", "", 10),
              store.delete(List.of(KEY)))) {
        assertThat(Await.failure(call))
            .isInstanceOf(Refused.class)
            .hasMessageContaining("bucket=" + S3LoopbackServer.BUCKET)
            .hasMessageContaining("status=403");
      }
    }
  }

  @Test
  void aBucketThatIsNotThereIsRefusedAndNoAbsentObject() {
    S3StoreConfig other = S3StoreConfig.of("no-such-bucket", S3LoopbackServer.REGION);
    try (ObjectStore store = S3LoopbackServer.open(other.withEndpoint(server.endpoint()))) {
      for (CompletableFuture<?> call :
          List.<CompletableFuture<?>>of(
              store.putIfAbsent(KEY, body(1)),
              store.get(KEY, ByteRange.all()),
              store.list("", "", 10))) {
        assertThat(Await.failure(call))
            .isInstanceOf(Refused.class)
            .hasMessageContaining("bucket=no-such-bucket")
            .hasMessageContaining("code=NoSuchBucket");
      }
    }
  }

  @ParameterizedTest(name = "seed={0}")
  @ValueSource(longs = {1, 2})
  void underSeededFaultsEveryAnswerIsTrue(long seed) {
    FaultProxy wild =
        FaultProxy.start(server.endpoint(), FaultScript.seeded(seed, 40), AnswerDelay.none());
    S3StoreConfig folder = S3ObjectStoreTest.ownFolder(server);
    try (ObjectStore store = S3LoopbackServer.open(folder.withEndpoint(wild.endpoint()));
        ObjectStore truth = S3LoopbackServer.open(folder)) {
      for (int i = 0; i < 60; i++) {
        ObjectKey key = new ObjectKey("o/" + i);
        CompletableFuture<PutResult> put = store.putIfAbsent(key, body(i));
        PutResult result = null;
        try {
          result = Await.result(put);
        } catch (ObjectStoreException unknown) {
          assertThat(unknown).isInstanceOf(Unavailable.class);
        }
        if (i % 10 == 9) {
          Await.result(wild.deliverHeld());
        }
        if (result instanceof PutResult.Created) {
          byte[] bytes = bytes(Await.result(truth.get(key, ByteRange.all())).orElseThrow());
          assertThat(bytes).isEqualTo(content(i));
        }
        try {
          Await.result(store.get(key, ByteRange.suffix(1000)))
              .ifPresent(found -> assertThat(found.bytes().remaining()).isEqualTo(1000));
        } catch (ObjectStoreException unknown) {
          assertThat(unknown).isInstanceOf(Unavailable.class);
        }
      }
    } finally {
      wild.close();
    }
  }

  @Test
  void theProbeFindsTheServerHonest() {
    StoreProbe.Findings findings = Await.result(new StoreProbe(direct, new Random(1)).run());

    assertThat(findings.broken()).isEmpty();
    assertThat(findings.kept()).isNotEmpty();
  }

  private byte[] stored() {
    return bytes(Await.result(direct.get(KEY, ByteRange.all())).orElseThrow());
  }

  private static byte[] bytes(StoredBytes stored) {
    byte[] bytes = new byte[stored.bytes().remaining()];
    stored.bytes().get(bytes);
    return bytes;
  }

  private static byte[] content(long seed) {
    byte[] bytes = new byte[200_000];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static ObjectBody body(long seed) {
    return ObjectBody.of(ByteBuffer.allocateDirect(200_000).put(content(seed)).flip());
  }
}
