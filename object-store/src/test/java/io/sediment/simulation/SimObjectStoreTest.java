package io.sediment.simulation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ListedObject;
import io.sediment.objectstore.MultipartUpload;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.objectstore.PriceList;
import io.sediment.objectstore.PutResult;
import io.sediment.objectstore.StoredBytes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SimObjectStoreTest {
  private static final ObjectKey KEY = new ObjectKey("lanes/1/wal/1/1");
  private static final Duration LIMIT = Duration.ofMinutes(30);

  private final Simulation simulation = new Simulation(7);
  private final SimObjectStore bucket = new SimObjectStore(simulation, FaultPlan.none());
  private final SimScheduler process = simulation.process("a");
  private final ObjectStore store = bucket.forProcess(process);

  @Test
  void aRequestThatFailsBeforeNeverHappens() {
    meets(Fault.FAIL_BEFORE);
    assertUnavailable(put("x"));
    simulation.runFor(LIMIT);
    assertThat(bucket.peek(KEY)).isEmpty();
  }

  @Test
  void anAnswerIsLostAfterSuccess() {
    meets(Fault.LOST_ANSWER);
    assertUnavailable(put("x"));
    assertThat(bucket.peek(KEY)).contains(bytes("x"));
    assertThat(await(put("x"))).isInstanceOf(PutResult.PreconditionFailed.class);
  }

  @Test
  void aPutLandsAfterItsOwnRetryAndLoses() {
    lateBy(Duration.ofMinutes(5));
    assertUnavailable(put("first"));
    assertThat(await(put("retry"))).isInstanceOf(PutResult.Created.class);
    simulation.runFor(LIMIT);
    assertThat(bucket.peek(KEY)).contains(bytes("retry"));
  }

  @Test
  void aPutLandsAfterAProbeSawNothing() {
    lateBy(Duration.ofMinutes(5));
    assertUnavailable(put("first"));
    ObjectStore sealer = bucket.forProcess(simulation.process("sealer"));
    assertThat(await(sealer.get(KEY, ByteRange.all()))).isEmpty();
    simulation.runFor(LIMIT);
    assertThat(bucket.peek(KEY)).contains(bytes("first"));
  }

  @Test
  void aPutLandsAgainAfterItsObjectWasDeleted() {
    lateBy(Duration.ofMinutes(5));
    assertUnavailable(put("first"));
    assertThat(await(put("first"))).isInstanceOf(PutResult.Created.class);
    await(store.delete(List.of(KEY)));
    assertThat(bucket.peek(KEY)).isEmpty();
    simulation.runFor(LIMIT);
    assertThat(bucket.peek(KEY)).contains(bytes("first"));
  }

  @Test
  void aDuplicateDeliveryRecreatesWhatWasDeleted() {
    bucket.script(
        request -> request.op() == StoreOp.PUT_IF_ABSENT,
        Fault.DUPLICATE,
        Duration.ofMillis(10),
        Duration.ofMillis(1),
        Duration.ofMinutes(5));
    assertThat(await(put("x"))).isInstanceOf(PutResult.Created.class);
    await(store.delete(List.of(KEY)));
    simulation.runFor(LIMIT);
    assertThat(bucket.peek(KEY)).contains(bytes("x"));
  }

  @Test
  void theSecondDeliveryAnswers412ForOnesOwnSuccess() {
    meets(Fault.ANSWERED_BY_DUPLICATE);
    assertThat(await(put("x"))).isInstanceOf(PutResult.PreconditionFailed.class);
    assertThat(bucket.peek(KEY)).contains(bytes("x"));
  }

  @Test
  void aConflictIsUnavailableAndNotDone() {
    meets(Fault.CONFLICT_409);
    assertUnavailable(put("x"));
    simulation.runFor(LIMIT);
    assertThat(bucket.peek(KEY)).isEmpty();
  }

  @Test
  void aStormThrottlesTheOtherRequestsOfItsFolderForAWhile() {
    Simulation stormy = new Simulation(3);
    SimObjectStore bucket =
        new SimObjectStore(stormy, FaultPlan.none().with(Fault.THROTTLING_STORM, 0.02));
    ObjectStore store = bucket.forProcess(stormy.process("a"));
    int throttled = 0;
    for (int i = 0; i < 500; i++) {
      CompletableFuture<PutResult> put =
          store.putIfAbsent(new ObjectKey("f/" + i), ObjectBody.of(bytes("x")));
      stormy.runUntil(put::isDone, LIMIT, "an answer");
      if (put.isCompletedExceptionally()) {
        ObjectStoreException failure = put.handle((r, e) -> (ObjectStoreException) e).join();
        assertThat(((ObjectStoreException.Unavailable) failure).throttled()).isTrue();
        throttled++;
      }
    }
    assertThat(throttled).isGreaterThan(50).isLessThan(500);
  }

  @Test
  void slowAndStalledRequestsStillSucceed() {
    meets(Fault.STALL);
    assertThat(await(put("x"))).isInstanceOf(PutResult.Created.class);
    assertThat(simulation.now()).isGreaterThan(Duration.ofMinutes(1));
  }

  @Test
  void aListingMayMissObjectsAndShowDeletedOnes() {
    for (int i = 0; i < 20; i++) {
      await(store.putIfAbsent(new ObjectKey("f/" + i), ObjectBody.of(bytes("x"))));
    }
    List<ObjectKey> deleted = bucket.keys("f/").subList(0, 10);
    await(store.delete(deleted));
    assertThat(await(store.list("f/", "", 100))).hasSize(10);
    meets(Fault.WRONG_LIST);
    Set<ObjectKey> shown = new TreeSet<>();
    for (ListedObject listed : await(store.list("f/", "", 100))) {
      shown.add(listed.key());
    }
    assertThat(shown).hasSizeLessThan(20).containsAnyElementsOf(deleted);
  }

  @Test
  void aReadIsTruncatedOrHasOneBitFlipped() {
    await(put("0123456789"));
    meets(Fault.TRUNCATED_BODY);
    StoredBytes truncated = await(store.get(KEY, ByteRange.all())).orElseThrow();
    assertThat(truncated.bytes().remaining()).isLessThan(10);
    assertThat(truncated.objectLength()).isEqualTo(10);
    meets(Fault.CORRUPT_BODY);
    StoredBytes corrupt = await(store.get(KEY, ByteRange.all())).orElseThrow();
    assertThat(corrupt.bytes().array()).hasSize(10).isNotEqualTo(bytes("0123456789"));
    assertThat(bucket.peek(KEY)).contains(bytes("0123456789"));
  }

  @Test
  void aDeleteMayRemoveOnlySomeAndFail() {
    List<ObjectKey> keys = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      keys.add(new ObjectKey("f/" + i));
      await(store.putIfAbsent(keys.get(i), ObjectBody.of(bytes("x"))));
    }
    meets(Fault.PARTIAL_DELETE);
    assertUnavailable(store.delete(keys));
    assertThat(bucket.keys("f/")).isNotEmpty().hasSizeLessThan(20);
    await(store.delete(keys));
    assertThat(bucket.keys("f/")).isEmpty();
  }

  @Test
  void aMultipartCompletionSucceedsAndIsReportedFailed() {
    MultipartUpload upload = await(store.startMultipart(KEY));
    MultipartUpload.Part part = await(upload.put(1, ObjectBody.of(bytes("part"))));
    meets(Fault.LOST_ANSWER);
    assertUnavailable(upload.complete(List.of(part)));
    assertThat(bucket.peek(KEY)).contains(bytes("part"));
    assertUnavailable(upload.complete(List.of(part)));
  }

  @Test
  void partsOfAnUploadWhoseStartWasNotHeardOfAreLeftBehind() {
    meets(Fault.LOST_ANSWER);
    assertUnavailable(store.startMultipart(KEY));
    assertThat(bucket.openUploads()).isEqualTo(1);
  }

  @Test
  void whatACrashedProcessSentStillLands() {
    CompletableFuture<PutResult> put = put("x");
    process.crash();
    simulation.runFor(LIMIT);
    assertThat(put).isNotDone();
    assertThat(bucket.peek(KEY)).contains(bytes("x"));
  }

  @Test
  void aCrashBeforeSendingMeansThatTheRequestNeverWas() {
    bucket.observe(
        (phase, request) -> {
          if (phase == StoreRequest.Phase.SENT) {
            request.process().crash();
          }
        });
    put("x");
    simulation.runFor(LIMIT);
    assertThat(bucket.peek(KEY)).isEmpty();
  }

  @Test
  void aPausedProcessHearsItsAnswersWhenItResumes() {
    CompletableFuture<PutResult> put = put("x");
    process.pause();
    simulation.runFor(LIMIT);
    assertThat(put).isNotDone();
    process.resume();
    assertThat(await(put)).isInstanceOf(PutResult.Created.class);
  }

  @Test
  void aBodyThatChangesBeforeItLandsFailsTheRun() {
    byte[] body = bytes("right");
    CompletableFuture<PutResult> put = store.putIfAbsent(KEY, ObjectBody.of(body));
    body[0] = 'w';
    assertThatThrownBy(() -> await(put)).hasMessageContaining("buffer released early");
  }

  @Test
  void aBodyThatChangesBeforeItLandsIsStoredAsItThenIs() {
    bucket.allowChangedBodies();
    byte[] body = bytes("right");
    CompletableFuture<PutResult> put = store.putIfAbsent(KEY, ObjectBody.of(body));
    body[0] = 'w';
    await(put);
    assertThat(bucket.peek(KEY)).contains(bytes("wight"));
  }

  @Test
  void aBodyMayChangeOnceItsFutureFailedAlthoughItLandsLater() {
    lateBy(Duration.ofMinutes(5));
    byte[] body = bytes("right");
    assertUnavailable(store.putIfAbsent(KEY, ObjectBody.of(body)));
    body[0] = 'w';
    simulation.runFor(LIMIT);
    assertThat(bucket.peek(KEY)).contains(bytes("right"));
  }

  @Test
  void everyRequestThatArrivesIsCountedAndPriced() {
    await(put("0123456789"));
    await(put("again"));
    await(store.get(KEY, ByteRange.of(0, 4)));
    meets(Fault.FAIL_BEFORE);
    assertUnavailable(store.list("", "", 10));
    await(store.delete(List.of(KEY)));
    StoreBill bill = bucket.bill();
    assertThat(bill.requests(StoreOp.PUT_IF_ABSENT)).isEqualTo(2);
    assertThat(bill.requests(StoreOp.GET)).isEqualTo(1);
    assertThat(bill.requests(StoreOp.LIST)).isZero();
    assertThat(bill.counts().uploadedBytes()).isEqualTo(15);
    assertThat(bill.counts().downloadedBytes()).isEqualTo(4);
    assertThat(bill.dollars(PriceList.S3_STANDARD))
        .isCloseTo(2 * 0.005 / 1000 + 0.0004 / 1000, within(1e-12));
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void everyKindOfFaultHappensWhenItIsInThePlan(Fault fault) {
    Simulation run = new Simulation(1);
    SimObjectStore bucket = new SimObjectStore(run, FaultPlan.none().with(fault, 0.3));
    play(run, bucket);
    assertThat(bucket.faultsDone().keySet()).containsExactly(fault);
  }

  @Test
  void nothingGoesWrongWithoutFaultsInThePlanNorAfterHealing() {
    play(simulation, bucket);
    assertThat(bucket.faultsDone()).isEmpty();
    Simulation run = new Simulation(1);
    SimObjectStore healed =
        new SimObjectStore(run, FaultPlan.none().with(Fault.LOST_ANSWER, 1).with(Fault.STALL, 1));
    healed.heal();
    play(run, healed);
    assertThat(healed.faultsDone()).isEmpty();
  }

  static long[] seeds() {
    return Seeds.upTo(20).toArray();
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void theSameSeedRunsTheSameEvents(long seed) {
    assertThat(hashOfARun(seed)).isEqualTo(hashOfARun(seed));
    assertThat(hashOfARun(seed)).isNotEqualTo(hashOfARun(seed + 1));
  }

  private static long hashOfARun(long seed) {
    Simulation run = new Simulation(seed);
    SimObjectStore bucket = new SimObjectStore(run, FaultPlan.random(run.random("fault plan")));
    play(run, bucket);
    return run.traceHash();
  }

  /** Two processes that ask for all sorts of things, with crashes and pauses in between. */
  private static void play(Simulation run, SimObjectStore bucket) {
    for (String name : List.of("a", "b")) {
      SimScheduler process = run.process(name);
      act(process, bucket.forProcess(process), process.random(), 100);
    }
    run.runFor(Duration.ofHours(1));
  }

  private static void act(
      SimScheduler process, ObjectStore store, SplittableRandom random, int left) {
    if (left == 0) {
      return;
    }
    ObjectKey key = new ObjectKey("f/" + random.nextInt(10));
    ObjectBody body = ObjectBody.of(bytes("v" + random.nextInt()));
    CompletableFuture<?> call =
        switch (random.nextInt(6)) {
          case 0 -> store.delete(List.of(key, new ObjectKey("f/0")));
          case 1 -> store.list("f/", "", 5);
          case 2, 3 -> store.get(key, ByteRange.suffix(5));
          default -> store.putIfAbsent(key, body);
        };
    call.whenComplete((answer, failure) -> act(process, store, random, left - 1));
  }

  private void meets(Fault fault) {
    bucket.script(request -> true, 1, fault);
  }

  private void lateBy(Duration late) {
    bucket.script(request -> true, Fault.LATE_LANDING, late, Duration.ofSeconds(10), Duration.ZERO);
  }

  private CompletableFuture<PutResult> put(String body) {
    return store.putIfAbsent(KEY, ObjectBody.of(bytes(body)));
  }

  private <T> T await(CompletableFuture<T> future) {
    return simulation.await(future, LIMIT, "an answer");
  }

  private void assertUnavailable(CompletableFuture<?> future) {
    simulation.runUntil(future::isDone, LIMIT, "an answer");
    assertThat(future)
        .failsWithin(Duration.ZERO)
        .withThrowableThat()
        .withCauseInstanceOf(ObjectStoreException.Unavailable.class);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }
}
