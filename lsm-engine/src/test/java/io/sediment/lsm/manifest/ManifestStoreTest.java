package io.sediment.lsm.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.ManifestEdit.AddL0;
import io.sediment.lsm.manifest.ManifestEdit.ClaimEpoch;
import io.sediment.lsm.object.CountingStore;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestStoreTest {
  private static final LaneId LANE = new LaneId(4);
  private static final LaneKeys KEYS = new LaneKeys(LANE);
  private static final Duration LIMIT = Duration.ofHours(1);

  private final Simulation simulation = new Simulation(7);
  private final SimObjectStore bucket = new SimObjectStore(simulation, FaultPlan.none());
  private int processes;

  static LongStream seeds() {
    return Seeds.upTo(60);
  }

  @Test
  void aNewLaneHasNoManifest() {
    Committer a = new Committer(1);
    assertThat(a.open()).isEqualTo(Manifest.none(LANE));
    assertThat(bucket.keys("")).isEmpty();
  }

  @Test
  void whatIsCommittedIsFound() {
    Committer a = claimed(1);
    Manifest committed = a.addL0();
    Committer b = new Committer(2);
    assertThat(b.open()).isEqualTo(committed);
    assertThat(committed.id()).isEqualTo(2);
    assertThat(committed.l0()).hasSize(1);
  }

  @Test
  void aFencedWriterCannotCommit() {
    Committer a = claimed(1);
    Committer b = claimed(2);
    assertThat(a.failure(a.nextL0())).isInstanceOf(LaneFencedException.class);
    assertThat(b.addL0().l0()).hasSize(1);
    assertThat(a.failure(new ClaimEpoch(a.term))).isInstanceOf(LaneFencedException.class);
  }

  @Test
  void twoProcessesCannotShareOneEpoch() {
    Committer a = claimed(5);
    Committer b = new Committer(5);
    b.open();
    assertThat(b.failure(new ClaimEpoch(b.term))).isInstanceOf(LaneFencedException.class);
    a.addL0();
    assertThat(b.failure(b.nextL0())).isInstanceOf(LaneFencedException.class);
  }

  @Test
  void anOlderIncarnationCannotCommitWhateverItsEpoch() {
    Committer reborn = new Committer(new WriterTerm(2, 1, new UUID(9, 9)));
    reborn.open();
    reborn.commit(new ClaimEpoch(reborn.term));
    Committer old = new Committer(new WriterTerm(1, 10, new UUID(9, 8)));
    old.open();
    assertThat(old.failure(new ClaimEpoch(old.term))).isInstanceOf(LaneFencedException.class);
  }

  @Test
  void aCommitUnderATermNeverClaimedIsOurOwnMistake() {
    Committer a = claimed(1);
    Committer b = new Committer(2);
    b.open();
    assertThat(b.failure(b.nextL0())).isInstanceOf(IllegalStateException.class);
    assertThat(a.addL0().id()).isEqualTo(2);
  }

  @Test
  void aCommitIsMadeOnce() {
    Committer a = claimed(1);
    AddL0 edit = a.nextL0();
    Manifest first = a.commit(edit);
    assertThat(a.commit(edit)).isEqualTo(first);
    assertThat(a.commit(new ClaimEpoch(a.term))).isEqualTo(first);
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {
        "FAIL_BEFORE",
        "LOST_ANSWER",
        "LATE_LANDING",
        "DUPLICATE",
        "ANSWERED_BY_DUPLICATE",
        "CONFLICT_409",
        "SLOW",
        "STALL"
      })
  void aCommitSurvives(Fault fault) {
    Committer a = claimed(1);
    bucket.script(request -> request.op() == StoreOp.PUT_IF_ABSENT, 1, fault);
    Manifest committed = a.addL0();
    assertThat(committed.id()).isEqualTo(2);
    assertThat(a.addL0().id()).isEqualTo(3);
    simulation.runFor(LIMIT);
    assertThat(new Committer(2).open().l0()).hasSize(2);
  }

  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"FAIL_BEFORE", "LOST_ANSWER", "TRUNCATED_BODY", "CORRUPT_BODY"})
  void openingSurvives(Fault fault) {
    Manifest committed = claimed(1).addL0();
    bucket.script(request -> request.op() == StoreOp.GET, 2, fault);
    assertThat(new Committer(2).open()).isEqualTo(committed);
  }

  @Test
  void aStalledWriterThatCreatesADeletedIdDoesNotBelieveIt() {
    Committer a = claimed(1);
    a.addL0();
    a.process.pause();
    CompletableFuture<Manifest> stalled = a.store.commit(a.nextL0());
    Committer b = claimed(2);
    // What a's put will find at its id has come and gone.
    for (int i = 0; i < 40; i++) {
      b.addL0();
    }
    b.reclaim(ManifestStore.MANIFESTS_KEPT);
    assertThat(bucket.peek(KEYS.manifest(3))).isEmpty();
    a.process.resume();
    simulation.runUntil(stalled::isDone, LIMIT, "the stalled commit");
    assertThat(stalled).isCompletedExceptionally();
    assertThat(new Committer(3).open()).isEqualTo(b.store.current());
  }

  @Test
  void aStalledPutThatLandsInTheDeletedRangeIsNotBelieved() {
    Committer a = claimed(1);
    bucket.script(
        request -> request.op() == StoreOp.PUT_IF_ABSENT,
        Fault.SLOW,
        Duration.ofMinutes(30),
        Duration.ofMillis(10),
        Duration.ZERO);
    CompletableFuture<Manifest> stalled = a.store.commit(a.nextL0());
    simulation.runFor(Duration.ofMillis(1));
    Committer b = claimed(2);
    for (int i = 0; i < 40; i++) {
      b.addL0();
    }
    b.reclaim(ManifestStore.MANIFESTS_KEPT);
    assertThat(bucket.peek(KEYS.manifest(2))).isEmpty();
    simulation.runUntil(stalled::isDone, LIMIT, "the stalled commit");
    assertThat(bucket.peek(KEYS.manifest(2))).as("it was created").isPresent();
    assertThat(stalled).isCompletedExceptionally();
    assertThat(new Committer(3).open()).isEqualTo(b.store.current());
  }

  @Test
  void whatIsLetGoLeavesTheNewest() {
    Committer a = claimed(1);
    for (int i = 0; i < 30; i++) {
      a.addL0();
    }
    a.reclaim(ManifestStore.MANIFESTS_KEPT);
    a.reclaim(ManifestStore.MANIFESTS_KEPT);
    assertThat(bucket.keys(KEYS.manifestPrefix()))
        .containsExactlyElementsOf(
            LongStream.rangeClosed(16, 31).mapToObj(KEYS::manifest).toList());
    assertThat(new Committer(2).open()).isEqualTo(a.store.current());
    assertThat(a.await(a.store.retained()))
        .extracting(Manifest::id)
        .containsExactlyElementsOf(LongStream.rangeClosed(16, 31).boxed().toList());
  }

  @Test
  void theLastManifestIsNeverLetGo() {
    Committer a = claimed(1);
    a.addL0();
    assertThatThrownBy(() -> a.store.raiseBoundary(2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("boundary at the newest manifest: lane=" + LANE + " id=2 newest=2");
    a.reclaim(1);
    assertThat(bucket.keys(KEYS.manifestPrefix())).containsExactly(KEYS.manifest(2));
    assertThat(new Committer(2).open()).isEqualTo(a.store.current());
    assertThat(a.addL0().id()).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 14, 15, 16, 17, 31, 32, 33, 255, 256, 257, 290})
  void theNewestIsFoundAmong(int commits) {
    Committer a = claimed(1);
    for (int i = 0; i < commits; i++) {
      a.addL0();
    }
    CountingStore counting = new CountingStore(bucket.forProcess(simulation.process("counter")));
    Committer b = new Committer(new WriterTerm(1, 2, new UUID(0, 2)), counting);
    assertThat(b.open()).isEqualTo(a.store.current());
    assertThat(counting.gets()).isLessThan(commits < 23 ? 30 : 100);
    assertThat(counting.lists()).isZero();
  }

  @Test
  void aCommitCostsOnePutAndOneGet() {
    CountingStore counting = new CountingStore(bucket.forProcess(simulation.process("counter")));
    Committer a = new Committer(new WriterTerm(1, 1, new UUID(0, 1)), counting);
    a.open();
    a.commit(new ClaimEpoch(a.term));
    int gets = counting.gets();
    a.addL0();
    assertThat(counting.puts()).isEqualTo(2);
    assertThat(counting.gets() - gets).isEqualTo(1);
  }

  @Test
  void refreshSeesWhatOthersCommitted() {
    Committer a = claimed(1);
    assertThat(a.await(a.store.refresh())).isEqualTo(a.store.current());
    Committer b = claimed(2);
    assertThat(a.await(a.store.refresh())).isEqualTo(b.store.current());
  }

  @Test
  void refreshPassesADamagedOneThatIsNotTheNewest() {
    Committer a = claimed(1);
    Committer reader = new Committer(2);
    reader.open();
    for (int i = 0; i < 3; i++) {
      a.addL0();
    }
    damage(KEYS.manifest(3));
    assertThat(reader.await(reader.store.refresh())).isEqualTo(a.store.current());
    a.addL0();
    damage(KEYS.manifest(a.store.current().id()));
    assertThatThrownBy(() -> reader.await(reader.store.refresh()))
        .hasCauseInstanceOf(CorruptObjectException.class);
  }

  private void damage(ObjectKey key) {
    byte[] bytes = bucket.peek(key).orElseThrow().clone();
    bytes[bytes.length / 2] ^= 1;
    bucket.removeNow(key);
    bucket.allowChangedBodies();
    simulation.await(
        bucket
            .forProcess(simulation.process("vandal"))
            .putIfAbsent(key, ObjectBody.of(ByteBuffer.wrap(bytes))),
        LIMIT,
        "put");
  }

  /**
   * Several processes claim epochs and add L0s under every fault; each commit that was reported is
   * in all later manifests, in order, and nothing else is.
   */
  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void commitsThatWereReportedStay(long seed) {
    Simulation world = new Simulation(seed);
    SplittableRandom random = world.random("test");
    FaultPlan plan = FaultPlan.random(world.random("plan")).until(Duration.ofMinutes(20));
    SimObjectStore store = new SimObjectStore(world, plan);
    List<L0Ref> reported = new ArrayList<>();
    List<CompletableFuture<?>> lives = new ArrayList<>();
    for (int i = 1; i <= 4; i++) {
      SimScheduler process = world.process("broker-" + i);
      WriterTerm term = new WriterTerm(1, i, new UUID(7, i));
      ObjectStore ofProcess = store.forProcess(process);
      ManifestStore manifests = new ManifestStore(ofProcess, LANE, term.writerId(), process);
      int pauseSeconds = random.nextInt(1_200);
      CompletableFuture<Void> start = new CompletableFuture<>();
      process.schedule(() -> start.complete(null), Duration.ofSeconds(random.nextInt(600)));
      CompletableFuture<?> life =
          start
              .thenCompose(x -> manifests.open())
              .thenCompose(x -> manifests.commit(new ClaimEpoch(term)))
              .thenCompose(x -> addMany(manifests, ofProcess, term, 1, reported));
      lives.add(life.handle((value, failure) -> failure));
      world.world().schedule(process::pause, Duration.ofSeconds(pauseSeconds));
      world.world().schedule(process::resume, Duration.ofSeconds(pauseSeconds + 400));
    }
    CompletableFuture<Void> all = CompletableFuture.allOf(lives.toArray(CompletableFuture[]::new));
    world.runUntil(all::isDone, Duration.ofHours(20), "all done or fenced");
    for (CompletableFuture<?> life : lives) {
      Object failure = life.join();
      if (failure != null) {
        assertThat((Throwable) failure).hasRootCauseInstanceOf(LaneFencedException.class);
      }
    }
    store.heal();
    SimScheduler auditor = world.process("auditor");
    ManifestStore audit =
        new ManifestStore(store.forProcess(auditor), LANE, new UUID(8, 8), auditor);
    Manifest newest = world.await(audit.open(), LIMIT, "audit");
    assertThat(newest.l0()).containsAll(reported).doesNotHaveDuplicates();
    // Reports come late where an answer was lost; the manifest has the true order.
    assertThat(newest.l0())
        .isSortedAccordingTo(Comparator.comparing(L0Ref::epoch).thenComparing(L0Ref::number));
  }

  private static CompletableFuture<Manifest> addMany(
      ManifestStore manifests,
      ObjectStore store,
      WriterTerm term,
      int number,
      List<L0Ref> reported) {
    AddL0 edit = l0(term, number);
    return manifests
        .commit(edit)
        .thenCompose(
            done -> {
              reported.add(edit.object());
              CompletableFuture<Void> reclaimed =
                  StoredManifests.reclaim(manifests, store, ManifestStore.MANIFESTS_KEPT)
                      .exceptionally(unavailable -> null);
              return number == 25
                  ? CompletableFuture.completedFuture(done)
                  : reclaimed.thenCompose(
                      x -> addMany(manifests, store, term, number + 1, reported));
            });
  }

  // -- helpers -----------------------------------------------------------------------------------

  private Committer claimed(long epoch) {
    Committer committer = new Committer(epoch);
    committer.open();
    committer.commit(new ClaimEpoch(committer.term));
    return committer;
  }

  private static AddL0 l0(WriterTerm term, long number) {
    return new AddL0(
        term,
        new L0Ref(SortedObjectKind.L0, term.epoch(), number, 1_000, 7, 3, 900, 5_000),
        new TableRef(term.epoch(), number, 500, 8),
        new WalSlot(term.epoch(), number * 10));
  }

  private final class Committer {
    final SimScheduler process = simulation.process("broker-" + ++processes);
    final WriterTerm term;
    final ObjectStore objects;
    final ManifestStore store;
    private long number;

    Committer(long epoch) {
      this.term = new WriterTerm(1, epoch, new UUID(1, processes));
      this.objects = bucket.forProcess(process);
      this.store = new ManifestStore(objects, LANE, term.writerId(), process);
    }

    Committer(WriterTerm term) {
      this.term = term;
      this.objects = bucket.forProcess(process);
      this.store = new ManifestStore(objects, LANE, term.writerId(), process);
    }

    Committer(WriterTerm term, ObjectStore objects) {
      this.term = term;
      this.objects = objects;
      this.store = new ManifestStore(objects, LANE, term.writerId(), process);
    }

    Manifest open() {
      return await(store.open());
    }

    AddL0 nextL0() {
      return l0(term, ++number);
    }

    Manifest addL0() {
      return commit(nextL0());
    }

    Manifest commit(ManifestEdit edit) {
      return await(store.commit(edit));
    }

    Throwable failure(ManifestEdit edit) {
      CompletableFuture<Throwable> failure =
          store.commit(edit).handle((value, thrown) -> thrown.getCause());
      return await(failure);
    }

    void reclaim(int kept) {
      await(StoredManifests.reclaim(store, objects, kept));
    }

    <T> T await(CompletableFuture<T> future) {
      return simulation.await(future, LIMIT, "answer");
    }
  }
}
