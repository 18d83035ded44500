package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.objectstore.PutResult.Created;
import io.sediment.objectstore.PutResult.PreconditionFailed;
import io.sediment.runtime.Await;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * What every {@link ObjectStore} must do. A test class of an implementation implements this and
 * gets the suite; a deviation is an override with its reason.
 *
 * <p>Each test opens its own store and closes it.
 */
public interface ObjectStoreContract {
  /** A store whose namespace is empty and used by nobody else. */
  ObjectStore newStore() throws Exception;

  /** How large every part of a multipart upload but the last must be. */
  default int minPartBytes() {
    return 1;
  }

  /**
   * Waits for a result. A store that runs on a simulated scheduler overrides this to run it, and
   * {@link #failureOf} as well.
   */
  default <T> T await(CompletableFuture<T> future) {
    return Await.result(future);
  }

  default Throwable failureOf(CompletableFuture<?> future) {
    return Await.failure(future);
  }

  /**
   * Makes all calls as concurrently as it can and returns what they returned. A simulated store
   * overrides this to call in turn, since all its calls come from one thread.
   */
  default <T> List<CompletableFuture<T>> allAtOnce(List<Supplier<CompletableFuture<T>>> calls) {
    CountDownLatch start = new CountDownLatch(1);
    List<CompletableFuture<CompletableFuture<T>>> made = new ArrayList<>();
    for (Supplier<CompletableFuture<T>> call : calls) {
      CompletableFuture<CompletableFuture<T>> one = new CompletableFuture<>();
      made.add(one);
      new Thread(
              () -> {
                try {
                  start.await();
                  one.complete(call.get());
                } catch (Throwable e) {
                  one.completeExceptionally(e);
                }
              })
          .start();
    }
    start.countDown();
    return made.stream().map(Await::result).toList();
  }

  // ---- putIfAbsent

  @Test
  default void aCreatedObjectIsReadBack() throws Exception {
    try (ObjectStore store = newStore()) {
      PutResult result = await(store.putIfAbsent(key("a/b"), body("hello")));
      StoredBytes stored = await(store.get(key("a/b"), ByteRange.all())).orElseThrow();

      assertThat(text(stored)).isEqualTo("hello");
      assertThat(stored.objectLength()).isEqualTo(5);
      assertThat(result).isEqualTo(new Created(stored.eTag()));
    }
  }

  @Test
  default void aSecondCreateIsRefusedAndChangesNothing() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("a"), body("first")));
      PutResult second = await(store.putIfAbsent(key("a"), body("second, longer")));
      PutResult same = await(store.putIfAbsent(key("a"), body("first")));

      assertThat(second).isEqualTo(new PreconditionFailed());
      assertThat(same).isEqualTo(new PreconditionFailed());
      assertThat(text(store, "a")).isEqualTo("first");
    }
  }

  @Test
  default void ofEightRacingCreatorsExactlyOneWins() throws Exception {
    try (ObjectStore store = newStore()) {
      for (int round = 0; round < 10; round++) {
        ObjectKey key = key("race/" + round);
        List<PutResult> results =
            race(8, writer -> store.putIfAbsent(key, body("writer-" + writer)));

        List<Integer> winners = winners(results);
        assertThat(winners).hasSize(1);
        assertThat(text(store, key.value())).isEqualTo("writer-" + winners.get(0));
      }
    }
  }

  @Test
  default void aDeletedKeyCanBeCreatedAgain() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("a"), body("one")));
      await(store.delete(List.of(key("a"))));
      assertThat(await(store.get(key("a"), ByteRange.all()))).isEmpty();
      assertThat(await(store.putIfAbsent(key("a"), body("two")))).isInstanceOf(Created.class);
      assertThat(text(store, "a")).isEqualTo("two");
    }
  }

  @Test
  default void anEmptyObjectIsAnObject() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("empty"), ObjectBody.of(List.of())));
      for (ByteRange range :
          List.of(ByteRange.all(), ByteRange.of(0, 1), ByteRange.of(9, 9), ByteRange.suffix(3))) {
        StoredBytes stored = await(store.get(key("empty"), range)).orElseThrow();
        assertThat(stored.bytes().remaining()).as("%s", range).isZero();
        assertThat(stored.objectLength()).as("%s", range).isZero();
      }
      assertThat(await(store.putIfAbsent(key("empty"), body("x"))))
          .isEqualTo(new PreconditionFailed());
      assertThat(await(store.list("", "", 10))).containsExactly(new ListedObject(key("empty"), 0));
    }
  }

  @Test
  default void aLargeBodyOfManyDirectAndHeapBuffersIsStoredWhole() throws Exception {
    try (ObjectStore store = newStore()) {
      byte[] content = randomBytes(1, 3_000_003);
      List<ByteBuffer> buffers = scatter(content, 5_000);
      List<ByteBuffer> before = buffers.stream().map(ByteBuffer::duplicate).toList();

      await(store.putIfAbsent(key("large"), ObjectBody.of(buffers)));

      assertThat(bytes(store, "large", ByteRange.all())).isEqualTo(content);
      assertThat(buffers).as("positions and limits of the caller's buffers").isEqualTo(before);
      for (int i = 0; i < buffers.size(); i++) {
        assertThat(buffers.get(i).position()).isEqualTo(before.get(i).position());
        assertThat(buffers.get(i).limit()).isEqualTo(before.get(i).limit());
      }
    }
  }

  @Test
  default void theSameBodyMayBeSentSeveralTimesAtOnce() throws Exception {
    try (ObjectStore store = newStore()) {
      byte[] content = randomBytes(2, 300_000);
      ObjectBody body = ObjectBody.of(scatter(content, 100));
      List<PutResult> results = race(4, i -> store.putIfAbsent(key("copy/" + i), body));

      assertThat(winners(results)).hasSize(4);
      for (int i = 0; i < 4; i++) {
        assertThat(bytes(store, "copy/" + i, ByteRange.all())).isEqualTo(content);
      }
    }
  }

  @Test
  default void manyWritesInFlightAllArrive() throws Exception {
    try (ObjectStore store = newStore()) {
      List<CompletableFuture<PutResult>> puts = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        puts.add(store.putIfAbsent(key("many/" + i), body("value " + i)));
      }
      for (CompletableFuture<PutResult> put : puts) {
        assertThat(await(put)).isInstanceOf(Created.class);
      }
      for (int i = 0; i < 100; i++) {
        assertThat(text(store, "many/" + i)).isEqualTo("value " + i);
      }
    }
  }

  @Test
  default void aReadNeverSeesPartOfAnObjectThatIsBeingWritten() throws Exception {
    try (ObjectStore store = newStore()) {
      byte[] content = randomBytes(3, 1_000_000);
      CompletableFuture<PutResult> put = store.putIfAbsent(key("whole"), ObjectBody.of(content));
      for (int reads = 0; reads < 3 || !put.isDone(); reads++) {
        Optional<StoredBytes> seen = await(store.get(key("whole"), ByteRange.suffix(10)));
        if (seen.isPresent()) {
          assertThat(seen.get().objectLength()).isEqualTo(content.length);
          assertThat(copy(seen.get().bytes()))
              .isEqualTo(Arrays.copyOfRange(content, content.length - 10, content.length));
        }
      }
      await(put);
      assertThat(bytes(store, "whole", ByteRange.all())).isEqualTo(content);
    }
  }

  // ---- putIfMatch

  @Test
  default void aMatchingReplaceSwapsTheContentAndTheTag() throws Exception {
    try (ObjectStore store = newStore()) {
      ETag first = created(await(store.putIfAbsent(key("b"), body("1"))));
      ETag second = created(await(store.putIfMatch(key("b"), first, body("two"))));

      assertThat(second).isNotEqualTo(first);
      StoredBytes stored = await(store.get(key("b"), ByteRange.all())).orElseThrow();
      assertThat(text(stored)).isEqualTo("two");
      assertThat(stored.eTag()).isEqualTo(second);
    }
  }

  @Test
  default void aReplaceOfAnOlderVersionIsRefused() throws Exception {
    try (ObjectStore store = newStore()) {
      ETag first = created(await(store.putIfAbsent(key("b"), body("1"))));
      await(store.putIfMatch(key("b"), first, body("2")));

      assertThat(await(store.putIfMatch(key("b"), first, body("3"))))
          .isEqualTo(new PreconditionFailed());
      assertThat(text(store, "b")).isEqualTo("2");
    }
  }

  @Test
  default void aReplaceOfAnAbsentKeyIsRefusedAndCreatesNothing() throws Exception {
    try (ObjectStore store = newStore()) {
      ETag tag = created(await(store.putIfAbsent(key("b"), body("1"))));
      assertThat(await(store.putIfMatch(key("absent"), tag, body("2"))))
          .isEqualTo(new PreconditionFailed());
      assertThat(await(store.get(key("absent"), ByteRange.all()))).isEmpty();

      await(store.delete(List.of(key("b"))));
      assertThat(await(store.putIfMatch(key("b"), tag, body("2"))))
          .isEqualTo(new PreconditionFailed());
    }
  }

  @Test
  default void ofEightRacingReplacersExactlyOneWins() throws Exception {
    try (ObjectStore store = newStore()) {
      ETag tag = created(await(store.putIfAbsent(key("b"), body("start"))));
      for (int round = 0; round < 10; round++) {
        ETag expected = tag;
        String name = "round-" + round + "-writer-";
        List<PutResult> results =
            race(8, writer -> store.putIfMatch(key("b"), expected, body(name + writer)));

        List<Integer> winners = winners(results);
        assertThat(winners).hasSize(1);
        assertThat(text(store, "b")).isEqualTo(name + winners.get(0));
        tag = created(results.get(winners.get(0)));
      }
    }
  }

  // ---- get

  @Test
  default void anAbsentKeyIsAnEmptyAnswer() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("folder/object"), body("x")));
      for (ByteRange range : List.of(ByteRange.all(), ByteRange.of(3, 4), ByteRange.suffix(5))) {
        assertThat(await(store.get(key("absent"), range))).isEmpty();
        assertThat(await(store.get(key("folder/absent"), range))).isEmpty();
        assertThat(await(store.get(key("no/such/folder"), range))).isEmpty();
        assertThat(await(store.get(key("folder"), range))).isEmpty();
      }
    }
  }

  @Test
  default void rangesAreClippedToTheObject() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("r"), body("0123456789")));
      assertThat(text(store, "r", ByteRange.of(0, 1))).isEqualTo("0");
      assertThat(text(store, "r", ByteRange.of(2, 3))).isEqualTo("234");
      assertThat(text(store, "r", ByteRange.of(9, 1))).isEqualTo("9");
      assertThat(text(store, "r", ByteRange.of(7, 100))).isEqualTo("789");
      assertThat(text(store, "r", ByteRange.of(0, Long.MAX_VALUE))).isEqualTo("0123456789");
      assertThat(text(store, "r", ByteRange.of(5, Long.MAX_VALUE))).isEqualTo("56789");
      assertThat(text(store, "r", ByteRange.of(10, 1))).isEmpty();
      assertThat(text(store, "r", ByteRange.of(Long.MAX_VALUE, Long.MAX_VALUE))).isEmpty();
      assertThat(text(store, "r", ByteRange.suffix(1))).isEqualTo("9");
      assertThat(text(store, "r", ByteRange.suffix(4))).isEqualTo("6789");
      assertThat(text(store, "r", ByteRange.suffix(10))).isEqualTo("0123456789");
      assertThat(text(store, "r", ByteRange.suffix(Long.MAX_VALUE))).isEqualTo("0123456789");
    }
  }

  @Test
  default void everyRangeOfOneVersionTellsItsLengthAndTag() throws Exception {
    try (ObjectStore store = newStore()) {
      ETag tag = created(await(store.putIfAbsent(key("r"), body("0123456789"))));
      for (ByteRange range :
          List.of(ByteRange.all(), ByteRange.of(3, 2), ByteRange.of(9, 9), ByteRange.suffix(2))) {
        StoredBytes stored = await(store.get(key("r"), range)).orElseThrow();
        assertThat(stored.objectLength()).as("%s", range).isEqualTo(10);
        assertThat(stored.eTag()).as("%s", range).isEqualTo(tag);
      }
    }
  }

  @Test
  default void whatAReadReturnedBelongsToTheCaller() throws Exception {
    try (ObjectStore store = newStore()) {
      byte[] content = "0123456789".getBytes(StandardCharsets.UTF_8);
      await(store.putIfAbsent(key("r"), ObjectBody.of(content)));
      ByteBuffer one = await(store.get(key("r"), ByteRange.all())).orElseThrow().bytes();
      ByteBuffer two = await(store.get(key("r"), ByteRange.all())).orElseThrow().bytes();
      one.get();
      Arrays.fill(content, (byte) 'x');

      assertThat(new String(copy(two), StandardCharsets.UTF_8)).isEqualTo("0123456789");
      assertThat(text(store, "r")).isEqualTo("0123456789");
    }
  }

  @Test
  default void aReadFillsTheCallersBuffersOneAfterTheOther() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("r"), body("0123456789")));
      ByteBuffer direct = ByteBuffer.allocateDirect(8).position(2).limit(5);
      ByteBuffer heap = ByteBuffer.allocate(4);
      ReadTarget target = new ReadTarget(List.of(direct, heap));

      assertThat(await(store.read(key("r"), 1, () -> target))).hasValue(7);

      assertThat(target.remaining()).isZero();
      assertThat(new String(copy(direct.flip().position(2)), StandardCharsets.UTF_8))
          .isEqualTo("123");
      assertThat(new String(copy(heap.flip()), StandardCharsets.UTF_8)).isEqualTo("4567");
    }
  }

  @Test
  default void aReadThatReachesPastTheEndFillsWhatThereIs() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("r"), body("0123456789")));
      ByteBuffer memory = ByteBuffer.allocate(5);

      assertThat(await(store.read(key("r"), 8, () -> new ReadTarget(List.of(memory))))).hasValue(2);

      assertThat(new String(copy(memory.flip()), StandardCharsets.UTF_8)).isEqualTo("89");
      assertThat(
              await(
                  store.read(
                      key("absent"), 0, () -> new ReadTarget(List.of(ByteBuffer.allocate(1))))))
          .isEmpty();
    }
  }

  @Test
  default void concurrentRangedReadsSeeTheirOwnBytes() throws Exception {
    try (ObjectStore store = newStore()) {
      byte[] content = randomBytes(4, 1 << 20);
      await(store.putIfAbsent(key("r"), ObjectBody.of(content)));
      Random random = new Random(5);
      List<ByteRange.Slice> ranges = new ArrayList<>();
      List<CompletableFuture<Optional<StoredBytes>>> reads = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        ByteRange.Slice range =
            new ByteRange.Slice(random.nextInt(content.length), 1 + random.nextInt(40_000));
        ranges.add(range);
        reads.add(store.get(key("r"), range));
      }
      for (int i = 0; i < 100; i++) {
        int from = (int) ranges.get(i).position();
        int to = (int) Math.min(content.length, from + ranges.get(i).length());
        assertThat(copy(await(reads.get(i)).orElseThrow().bytes()))
            .isEqualTo(Arrays.copyOfRange(content, from, to));
      }
    }
  }

  // ---- keys

  @Test
  default void oddButLegalKeysAreJustKeys() throws Exception {
    try (ObjectStore store = newStore()) {
      List<String> names =
          List.of(
              ".hidden",
              "..dots..",
              "...",
              "-",
              "--help",
              "_",
              "=",
              "a=b/c=d",
              "x/.tmp",
              "x/y.tmp",
              "0",
              "CON",
              "s".repeat(ObjectKey.MAX_SEGMENT_LENGTH),
              ("d".repeat(79) + "/").repeat(9) + "f".repeat(80));
      for (String name : names) {
        assertThat(await(store.putIfAbsent(key(name), body(name)))).isInstanceOf(Created.class);
      }
      for (String name : names) {
        assertThat(text(store, name)).isEqualTo(name);
      }
      List<String> listed =
          await(store.list("", "", 100)).stream().map(object -> object.key().value()).toList();
      assertThat(listed).containsExactlyElementsOf(names.stream().sorted().toList());
      await(store.delete(names.stream().map(ObjectKey::new).toList()));
      assertThat(await(store.list("", "", 100))).isEmpty();
    }
  }

  // ---- list

  @Test
  default void aListingIsInByteOrderAndKnowsLengths() throws Exception {
    try (ObjectStore store = newStore()) {
      // '-' and '.' sort before '/', so walking folders in name order would get this wrong
      List<String> names = List.of("a-b/1", "a.b/1", "a/1", "a/10", "a/2", "a/b/c", "a0/1", "b");
      List<String> shuffled = new ArrayList<>(names);
      Collections.shuffle(shuffled, new Random(6));
      for (String name : shuffled) {
        await(store.putIfAbsent(key(name), body(name)));
      }
      List<ListedObject> all =
          names.stream().map(n -> new ListedObject(key(n), n.length())).toList();

      assertThat(await(store.list("", "", 100))).isEqualTo(all);
      assertThat(await(store.list("a/", "", 100))).isEqualTo(all.subList(2, 6));
      assertThat(await(store.list("a/b/", "", 100))).isEqualTo(all.subList(5, 6));
      assertThat(await(store.list("none/", "", 100))).isEmpty();
    }
  }

  @Test
  default void aListingGoesOnAfterAKeyAndStopsAtItsLimit() throws Exception {
    try (ObjectStore store = newStore()) {
      for (int i = 0; i < 20; i++) {
        await(store.putIfAbsent(key("l/" + (char) ('a' + i) + "/x"), body("v")));
      }
      List<String> paged = new ArrayList<>();
      String after = "";
      for (int page = 0; page < 10; page++) {
        List<ListedObject> rows = await(store.list("l/", after, 7));
        assertThat(rows).hasSizeLessThanOrEqualTo(7);
        rows.forEach(row -> paged.add(row.key().value()));
        if (rows.isEmpty()) {
          break;
        }
        after = paged.get(paged.size() - 1);
      }
      assertThat(paged)
          .isEqualTo(IntStream.range(0, 20).mapToObj(i -> "l/" + (char) ('a' + i) + "/x").toList());
      assertThat(await(store.list("l/", "l/c", 1)))
          .extracting(r -> r.key().value())
          .containsExactly("l/c/x");
      assertThat(await(store.list("l/", "l/c/x", 1)))
          .extracting(r -> r.key().value())
          .containsExactly("l/d/x");
      assertThat(await(store.list("l/", "l/zzz", 1))).isEmpty();
    }
  }

  // ---- delete

  @Test
  default void aBatchDeleteTakesAbsentKeysAsDeleted() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("d/1"), body("1")));
      await(store.putIfAbsent(key("d/2"), body("2")));
      await(store.putIfAbsent(key("d/keep"), body("3")));

      await(store.delete(List.of(key("d/1"), key("d/absent"), key("nowhere/at/all"), key("d/2"))));
      await(store.delete(List.of(key("d/1"))));
      await(store.delete(List.of()));

      assertThat(await(store.get(key("d/1"), ByteRange.all()))).isEmpty();
      assertThat(await(store.list("d/", "", 10)))
          .containsExactly(new ListedObject(key("d/keep"), 1));
    }
  }

  @Test
  default void aDeleteTakesMoreKeysThanOneRequestOfS3Can() throws Exception {
    try (ObjectStore store = newStore()) {
      await(store.putIfAbsent(key("d/0"), body("first")));
      await(store.putIfAbsent(key("d/1100"), body("last")));
      await(store.delete(IntStream.rangeClosed(0, 1100).mapToObj(i -> key("d/" + i)).toList()));
      assertThat(await(store.list("d/", "", 10))).isEmpty();
    }
  }

  // ---- multipart

  @Test
  default void partsArriveInAnyOrderAndTheLastWriteOfAPartWins() throws Exception {
    try (ObjectStore store = newStore()) {
      byte[] one = randomBytes(7, minPartBytes() + 10);
      byte[] two = randomBytes(8, minPartBytes() + 20);
      byte[] three = randomBytes(9, 5);
      MultipartUpload upload = await(store.startMultipart(key("m/object")));
      MultipartUpload.Part third = await(upload.put(3, ObjectBody.of(three)));
      await(upload.put(1, ObjectBody.of(randomBytes(10, minPartBytes() + 1))));
      MultipartUpload.Part second = await(upload.put(2, ObjectBody.of(scatter(two, 7))));
      MultipartUpload.Part first = await(upload.put(1, ObjectBody.of(one)));
      assertThat(await(store.get(key("m/object"), ByteRange.all()))).isEmpty();
      assertThat(await(store.list("", "", 10))).isEmpty();

      ETag tag = await(upload.complete(List.of(first, second, third)));

      StoredBytes stored = await(store.get(key("m/object"), ByteRange.all())).orElseThrow();
      assertThat(stored.eTag()).isEqualTo(tag);
      assertThat(copy(stored.bytes())).isEqualTo(concat(one, two, three));
      assertThat(await(store.putIfAbsent(key("m/object"), body("x"))))
          .isEqualTo(new PreconditionFailed());
      await(upload.abort());
      assertThat(bytes(store, "m/object", ByteRange.suffix(5))).isEqualTo(three);
    }
  }

  @Test
  default void partsAreCopiedFromOtherObjects() throws Exception {
    try (ObjectStore store = newStore()) {
      byte[] source = randomBytes(11, 2 * minPartBytes() + 100);
      await(store.putIfAbsent(key("source"), ObjectBody.of(source)));
      MultipartUpload upload = await(store.startMultipart(key("m/object")));
      MultipartUpload.Part first =
          await(upload.copy(1, key("source"), new ByteRange.Slice(13, minPartBytes() + 40)));
      MultipartUpload.Part second = await(upload.put(2, body("the end")));
      await(upload.complete(List.of(first, second)));

      assertThat(bytes(store, "m/object", ByteRange.all()))
          .isEqualTo(
              concat(
                  Arrays.copyOfRange(source, 13, 13 + minPartBytes() + 40),
                  "the end".getBytes(StandardCharsets.UTF_8)));
    }
  }

  @Test
  default void aCopyFromAnAbsentObjectFails() throws Exception {
    try (ObjectStore store = newStore()) {
      MultipartUpload upload = await(store.startMultipart(key("m/object")));
      assertThat(failureOf(upload.copy(1, key("absent"), new ByteRange.Slice(0, minPartBytes()))))
          .isInstanceOf(ObjectStoreException.Refused.class);
      await(upload.abort());
    }
  }

  @Test
  default void anAbortedUploadLeavesNothingAndCannotBeCompleted() throws Exception {
    try (ObjectStore store = newStore()) {
      MultipartUpload upload = await(store.startMultipart(key("m/object")));
      MultipartUpload.Part part = await(upload.put(1, body("gone")));
      await(upload.abort());
      await(upload.abort());

      assertThat(failureOf(upload.complete(List.of(part))))
          .isInstanceOf(ObjectStoreException.class);
      assertThat(await(store.get(key("m/object"), ByteRange.all()))).isEmpty();
    }
  }

  // ---- failure and close

  @Test
  default void closingEndsEveryOpenCallBeforeLong() throws Exception {
    ObjectStore store = newStore();
    byte[] content = randomBytes(12, 50_000);
    List<CompletableFuture<?>> open = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      open.add(store.putIfAbsent(key("c/" + i), ObjectBody.of(content)));
      open.add(store.get(key("c/" + i), ByteRange.all()));
    }
    store.close();
    for (CompletableFuture<?> call : open) {
      CompletableFuture<Throwable> outcome = call.handle((value, failure) -> failure);
      Throwable failure = await(outcome.thenApply(Optional::ofNullable)).orElse(null);
      if (failure != null) {
        assertThat(failure).isInstanceOf(ObjectStoreException.class);
      }
    }
  }

  @Test
  default void aClosedStoreRefusesCallsInTheirFutures() throws Exception {
    ObjectStore store = newStore();
    store.close();
    store.close();
    for (CompletableFuture<?> call :
        List.<CompletableFuture<?>>of(
            store.putIfAbsent(key("a"), body("x")),
            store.putIfMatch(key("a"), new ETag("x"), body("x")),
            store.get(key("a"), ByteRange.all()),
            store.delete(List.of(key("a"))),
            store.list("", "", 1),
            store.startMultipart(key("a")))) {
      assertThat(failureOf(call)).isInstanceOf(ObjectStoreException.Refused.class);
    }
  }

  @Test
  default void aListPrefixThatIsNoFolderAndALimitBelowOneAreBugs() throws Exception {
    try (ObjectStore store = newStore()) {
      assertThatThrownBy(() -> store.list("no-slash", "", 1))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> store.list("", "", 0)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  // ---- shorthand

  private <T> List<T> race(int writers, Function<Integer, CompletableFuture<T>> call) {
    List<Supplier<CompletableFuture<T>>> calls = new ArrayList<>();
    for (int writer = 0; writer < writers; writer++) {
      int number = writer;
      calls.add(() -> call.apply(number));
    }
    return allAtOnce(calls).stream().map(this::await).toList();
  }

  private String text(ObjectStore store, String key) {
    return text(store, key, ByteRange.all());
  }

  private String text(ObjectStore store, String key, ByteRange range) {
    return new String(bytes(store, key, range), StandardCharsets.UTF_8);
  }

  private byte[] bytes(ObjectStore store, String key, ByteRange range) {
    return copy(await(store.get(key(key), range)).orElseThrow().bytes());
  }

  private static List<Integer> winners(List<PutResult> results) {
    return IntStream.range(0, results.size())
        .filter(i -> results.get(i) instanceof Created)
        .boxed()
        .toList();
  }

  private static ETag created(PutResult result) {
    assertThat(result).isInstanceOf(Created.class);
    return ((Created) result).eTag();
  }

  private static String text(StoredBytes stored) {
    return new String(copy(stored.bytes()), StandardCharsets.UTF_8);
  }

  private static byte[] copy(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  private static ObjectKey key(String value) {
    return new ObjectKey(value);
  }

  private static ObjectBody body(String text) {
    return ObjectBody.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] randomBytes(long seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static byte[] concat(byte[]... arrays) {
    ByteBuffer all = ByteBuffer.allocate(Arrays.stream(arrays).mapToInt(a -> a.length).sum());
    for (byte[] array : arrays) {
      all.put(array);
    }
    return all.array();
  }

  /**
   * The bytes as {@code pieces} buffers, direct and heap in turn, some empty, each with something
   * before and behind it that does not belong.
   */
  private static List<ByteBuffer> scatter(byte[] content, int pieces) {
    List<ByteBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < pieces; i++) {
      int from = (int) ((long) content.length * i / pieces);
      int to = (int) ((long) content.length * (i + 1) / pieces);
      int margin = i % 3;
      int capacity = to - from + 2 * margin;
      ByteBuffer buffer =
          i % 2 == 0 ? ByteBuffer.allocateDirect(capacity) : ByteBuffer.allocate(capacity);
      buffer.position(margin).put(content, from, to - from).flip().position(margin);
      buffers.add(buffer);
      if (i % 10 == 0) {
        buffers.add(ByteBuffer.allocate(0));
      }
    }
    return buffers;
  }
}
