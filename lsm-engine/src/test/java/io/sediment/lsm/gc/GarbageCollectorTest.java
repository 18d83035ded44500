package io.sediment.lsm.gc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.manifest.CompactorTerm;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.LaneFencedException;
import io.sediment.lsm.manifest.ManifestEdit;
import io.sediment.lsm.manifest.ManifestEdit.AddL0;
import io.sediment.lsm.manifest.ManifestEdit.AdoptSealed;
import io.sediment.lsm.manifest.ManifestEdit.ClaimCompactor;
import io.sediment.lsm.manifest.ManifestEdit.ClaimEpoch;
import io.sediment.lsm.manifest.ManifestEdit.DropObjects;
import io.sediment.lsm.manifest.ManifestEdit.ReplaceWithRuns;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.Place;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.manifest.TableRef;
import io.sediment.lsm.manifest.WriterTerm;
import io.sediment.lsm.object.DataKind;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.lsm.object.SortedObjectWriter;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import io.sediment.simulation.StoreRequest;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GarbageCollectorTest {
  private static final LaneId LANE = new LaneId(4);
  private static final LaneKeys KEYS = new LaneKeys(LANE);
  private static final Duration LIMIT = Duration.ofHours(5);

  /** Two of 258 folders in a pass: what goes at once is known by name. */
  private static final GarbageOptions SEES_LITTLE = new GarbageOptions(2, 30, Duration.ofMillis(5));

  static LongStream seeds() {
    return Seeds.upTo(10);
  }

  @Test
  void whatIsFlushedGoesAndWhatCountsStays() {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1);
    broker.open();
    for (int i = 0; i < 40; i++) {
      broker.writeWal(5);
      broker.flush();
    }
    broker.writeWal(3);
    broker.upload(KEYS.data(1, 1_000, DataKind.L0)); // a flush on its way
    world.await(broker.collector.pass());
    assertThat(world.walSlots()).containsExactly("1/201", "1/202", "1/203");
    assertThat(world.bucket.keys(KEYS.manifestPrefix())).hasSize(ManifestStore.MANIFESTS_KEPT);
    world.await(broker.passes());
    assertThat(world.bucket.keys(KEYS.manifestPrefix())).hasSize(1);
    assertThat(world.bucket.keys("data/"))
        .hasSize(40 + 1 + 1)
        .containsAll(StoredManifests.named(broker.manifests.current()));
    assertThat(broker.collector.isDone()).isTrue();
  }

  @Test
  void aPassTwiceDeletesNothingMore() {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1);
    broker.open();
    broker.writeWal(5);
    broker.flush();
    assertThat(world.await(broker.collector.pass()).deleted()).isEqualTo(5);
    world.await(broker.passes());
    List<ObjectKey> left = world.bucket.keys("");
    assertThat(world.await(broker.collector.pass()).deleted()).isZero();
    assertThat(world.bucket.keys("")).isEqualTo(left);
  }

  @Test
  void adoptedWalObjectsStayUntilTheyAreDroppedAndForgotten() {
    World world = new World(1, FaultPlan.none());
    Broker dead = world.broker(1);
    dead.open();
    dead.writeWal(4);
    Broker heir = world.broker(2);
    heir.open();
    heir.adopt(1, 4);
    heir.fence(1, 5);
    world.await(heir.passes());
    assertThat(world.walSlots()).containsExactly("1/1", "1/2", "1/3", "1/4", "1/5");
    heir.commit(new DropObjects(heir.term, heir.manifests.current().l0(), List.of(), null));
    world.await(heir.collector.pass());
    assertThat(world.walSlots()).as("older manifests still name them").hasSize(5);
    world.await(heir.passes());
    assertThat(world.walSlots()).as("the fence").containsExactly("1/5");
  }

  @Test
  void whatAZombieLeavesGoesAndItsFenceStays() {
    World world = new World(1, FaultPlan.none());
    Broker zombie = world.broker(1);
    zombie.open();
    zombie.writeWal(3);
    Broker heir = world.broker(2);
    heir.open();
    heir.adopt(1, 3);
    heir.fence(1, 4);
    // The zombie wakes: a slot behind its fence, an L0 it can never commit, a slot put again.
    zombie.nextSeq = 5;
    zombie.writeWal(1);
    zombie.upload(KEYS.data(1, 1, DataKind.L0));
    zombie.upload(KEYS.data(1, 1, DataKind.TABLE));
    world.await(heir.passes());
    assertThat(world.walSlots()).containsExactly("1/1", "1/2", "1/3", "1/4");
    assertThat(world.bucket.keys("data/"))
        .containsExactlyInAnyOrderElementsOf(
            StoredManifests.named(heir.manifests.current()).stream()
                .filter(key -> key.value().startsWith("data/"))
                .toList());
  }

  @Test
  void aListThatLiesDoesNoHarm() {
    World world = new World(3, FaultPlan.none());
    Broker broker = world.broker(1);
    broker.open();
    for (int i = 0; i < 20; i++) {
      broker.writeWal(3);
      broker.flush();
    }
    world.bucket.script(request -> request.op() == StoreOp.LIST, 100, Fault.WRONG_LIST);
    world.await(broker.passes());
    world.bucket.heal();
    broker.writeWal(1);
    broker.flush();
    world.await(broker.passes());
    assertThat(world.walSlots()).isEmpty();
  }

  @Test
  void aLaneAtRestIsDoneUntilSomethingIsCommitted() {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1);
    broker.open();
    broker.writeWal(3);
    broker.flush();
    world.await(broker.passes());
    assertThat(world.walSlots()).isEmpty();
    assertThat(broker.collector.isDone()).isTrue();
    broker.writeWal(1);
    broker.flush();
    assertThat(broker.collector.isDone()).isFalse();
    world.await(broker.passes());
    assertThat(world.walSlots()).isEmpty();
  }

  @Test
  void aFailedPassIsMadeGoodByTheNext() {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1, SEES_LITTLE);
    broker.open();
    broker.flushNothing();
    world.await(broker.collector.pass()); // the folders of the log and of manifests are seen
    for (int i = 0; i < 40; i++) {
      broker.writeWal(3);
      broker.flush();
      broker.drop();
    }
    for (int failures = 0; failures < 3; failures++) {
      world.bucket.script(request -> request.op() == StoreOp.DELETE, 1, Fault.PARTIAL_DELETE);
      assertThat(world.failure(broker.collector.pass())).isNotNull();
    }
    world.await(broker.collector.pass());
    world.await(broker.collector.pass());
    assertThat(world.bucket.keys("")).hasSize(1 + 1 + 1); // manifest, table, boundary
  }

  @Test
  void whatWasLetGoIsDeletedWithoutListing() {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1, SEES_LITTLE);
    broker.open();
    broker.flushNothing();
    world.await(broker.collector.pass()); // the folders of the log and of manifests are seen
    long lists = world.bucket.bill().requests(StoreOp.LIST);
    int passes = 0;
    for (int i = 1; i <= 60; i++) {
      broker.writeWal(5);
      broker.flush();
      if (i % 20 == 0) {
        broker.drop();
        world.await(broker.collector.pass());
        passes++;
      }
    }
    assertThat(world.walSlots()).isEmpty();
    assertThat(world.bucket.keys("data/"))
        .as("what the last 16 manifests have named")
        .hasSize(20 + 16 - 1);
    world.await(broker.collector.pass());
    passes++;
    assertThat(world.bucket.keys("")).hasSize(1 + 1 + 1); // manifest, table, boundary
    assertThat(world.bucket.bill().requests(StoreOp.LIST) - lists).isEqualTo(2L * passes);
  }

  /**
   * However busy the lane is: not one pass longer, and not so short that no reader could follow.
   */
  @ParameterizedTest(name = "commits between two passes={0}")
  @ValueSource(ints = {0, 1, 3, 30})
  void whatIsDroppedGoesWithTheSecondPassAfterThat(int commits) {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1, SEES_LITTLE);
    broker.open();
    broker.flushNothing();
    for (int round = 0; round < 5; round++) {
      broker.flush(commits);
      world.await(broker.collector.pass());
      broker.flush(1);
      L0Ref dropped = last(broker.manifests.current().l0());
      world.await(broker.collector.pass());
      broker.drop();
      broker.flush(commits);
      world.await(broker.collector.pass());
      if (commits < ManifestStore.MANIFESTS_KEPT - 1) {
        assertThat(world.bucket.peek(dropped.key(LANE)))
            .as("a reader may have begun just before it was dropped")
            .isPresent();
      }
      broker.flush(commits);
      world.await(broker.collector.pass());
      assertThat(world.bucket.peek(dropped.key(LANE))).isEmpty();
      assertThat(world.bucket.keys(""))
          .containsAll(StoredManifests.named(broker.manifests.current()));
    }
  }

  @Test
  void whatWasDroppedBeforeARestartGoesWithTheSecondPassAfterIt() {
    World world = new World(1, FaultPlan.none());
    Broker before = world.broker(1, SEES_LITTLE);
    before.open();
    before.flushNothing();
    before.flush(1);
    L0Ref dropped = last(before.manifests.current().l0());
    before.drop();
    Broker after = world.broker(2, SEES_LITTLE);
    after.open();
    after.flushNothing();
    world.await(after.collector.pass());
    after.flush(1);
    world.await(after.collector.pass());
    assertThat(world.bucket.peek(dropped.key(LANE))).isEmpty();
  }

  /** It knows of what was current when it fell asleep, and lets go of nothing that came later. */
  @Test
  void aZombieThatCollectsDeletesNothingThatCounts() {
    World world = new World(1, FaultPlan.none());
    world.watchDeletes();
    Broker zombie = world.broker(1, SEES_LITTLE);
    zombie.open();
    zombie.flushNothing();
    zombie.flush(3);
    world.await(zombie.collector.pass());
    Broker heir = world.broker(2, SEES_LITTLE);
    heir.open();
    heir.flushNothing();
    for (int round = 0; round < 3; round++) {
      heir.flush(3);
      world.await(heir.collector.pass());
      world.await(zombie.collector.pass());
      heir.drop();
    }
    assertThat(world.bucket.keys("")).containsAll(StoredManifests.named(heir.manifests.current()));
  }

  private static L0Ref last(List<L0Ref> objects) {
    return objects.get(objects.size() - 1);
  }

  /** The boundary comes first; a pass that cannot raise it deletes nothing. */
  @Test
  void nothingGoesWhileTheBoundaryIsLow() {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1, SEES_LITTLE);
    broker.open();
    broker.flushNothing();
    for (int i = 0; i < 40; i++) {
      broker.writeWal(1);
      broker.flush();
      broker.drop();
    }
    List<ObjectKey> before = world.bucket.keys("");
    world.bucket.script(
        request -> request.key().equals(KEYS.boundary()) && request.op() == StoreOp.PUT_IF_ABSENT,
        1,
        Fault.FAIL_BEFORE);
    assertThat(world.failure(broker.collector.pass())).isNotNull();
    assertThat(world.bucket.keys("")).isEqualTo(before);
    world.await(broker.collector.pass());
    assertThat(world.bucket.keys("")).hasSizeLessThan(before.size());
  }

  @Test
  void anObjectThatARunRefersToStaysThoughItLeftLevel0() {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1, SEES_LITTLE);
    broker.open();
    broker.flushNothing();
    broker.writeWal(1);
    broker.flush();
    broker.writeWal(1);
    broker.flush();
    L0Ref referenced = broker.manifests.current().l0().get(0);
    L0Ref copied = broker.manifests.current().l0().get(1);
    RunRef run = broker.replaceWithRun(List.of(referenced, copied), List.of(referenced));
    world.await(broker.collector.pass());
    world.await(broker.collector.pass());
    assertThat(world.bucket.peek(copied.key(LANE))).isEmpty();
    assertThat(world.bucket.peek(referenced.key(LANE))).isPresent();
    assertThat(world.bucket.peek(run.key(LANE))).isPresent();
    broker.commit(new DropObjects(broker.term, List.of(), List.of(run), null));
    world.await(broker.collector.pass());
    assertThat(world.bucket.peek(referenced.key(LANE))).as("the last manifest").isPresent();
    world.await(broker.collector.pass());
    assertThat(world.bucket.peek(referenced.key(LANE))).isEmpty();
    assertThat(world.bucket.peek(run.key(LANE))).isEmpty();
  }

  @Test
  void aDamagedManifestDoesNotStayForEver() {
    World world = new World(1, FaultPlan.none());
    Broker broker = world.broker(1, SEES_LITTLE);
    broker.open();
    broker.flushNothing();
    for (int i = 0; i < 30; i++) {
      broker.writeWal(1);
      broker.flush();
    }
    world.bucket.removeNow(KEYS.manifest(2));
    broker.upload(KEYS.manifest(2)); // bytes of no meaning
    Broker next = world.broker(2, SEES_LITTLE);
    next.open();
    world.await(next.collector.pass());
    assertThat(world.bucket.keys(KEYS.manifestPrefix()))
        .hasSize(ManifestStore.MANIFESTS_KEPT)
        .doesNotContain(KEYS.manifest(2));
  }

  /**
   * Brokers take the lane from one another, sleep, wake as zombies, flush and collect, under every
   * fault: nothing that the newest manifest names, and no unflushed slot or fence, is ever deleted.
   */
  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void nothingThatCountsIsEverDeleted(long seed) {
    Simulation simulation = new Simulation(seed);
    FaultPlan plan = FaultPlan.random(simulation.random("plan")).until(Duration.ofHours(1));
    World world = new World(simulation, plan);
    world.watchDeletes();
    SplittableRandom random = simulation.random("test");
    for (int epoch = 1; epoch <= 4; epoch++) {
      Broker broker = world.broker(epoch);
      int startSeconds = (epoch - 1) * 600 + random.nextInt(600);
      world.at(startSeconds, () -> broker.live(25));
      int pauseSeconds = startSeconds + random.nextInt(600);
      world.at(pauseSeconds, broker.process::pause);
      world.at(pauseSeconds + random.nextInt(2_000), broker.process::resume);
    }
    simulation.runFor(Duration.ofHours(3));
    world.bucket.heal();
    Broker last = world.broker(9);
    last.open();
    last.flushNothing();
    world.await(last.passes());
    world.await(last.passes());
    List<ObjectKey> named = StoredManifests.named(last.manifests.current());
    assertThat(world.bucket.keys("")).containsAll(named);
    assertThat(world.bucket.keys(KEYS.manifestPrefix())).hasSize(1);
  }

  /** One lane in one bucket. */
  private static final class World {
    final Simulation simulation;
    final SimObjectStore bucket;

    World(long seed, FaultPlan plan) {
      this(new Simulation(seed), plan);
    }

    World(Simulation simulation, FaultPlan plan) {
      this.simulation = simulation;
      this.bucket = new SimObjectStore(simulation, plan);
    }

    Broker broker(long epoch) {
      return broker(epoch, new GarbageOptions(64, 30, Duration.ofMillis(5)));
    }

    Broker broker(long epoch, GarbageOptions options) {
      return new Broker(this, simulation.process("broker-" + epoch), epoch, options);
    }

    @Nullable Throwable failure(CompletableFuture<?> future) {
      return await(future.handle((value, failure) -> failure));
    }

    <T> T await(CompletableFuture<T> future) {
      return simulation.await(future, LIMIT, "answer");
    }

    void at(int seconds, Runnable task) {
      simulation.world().schedule(task, Duration.ofSeconds(seconds));
    }

    List<String> walSlots() {
      return bucket.keys(KEYS.walPrefix()).stream()
          .map(key -> key.value().substring(KEYS.walPrefix().length()).replaceAll("0{3,}", ""))
          .toList();
    }

    void watchDeletes() {
      bucket.observe(
          (phase, request) -> {
            if (phase == StoreRequest.Phase.LANDING && request.op() == StoreOp.DELETE) {
              checkDelete(request);
            }
          });
    }

    private void checkDelete(StoreRequest request) {
      var newest = StoredManifests.newest(bucket, LANE);
      List<ObjectKey> named = StoredManifests.named(newest);
      for (ObjectKey key : request.keys()) {
        boolean unflushed =
            key.value().startsWith(KEYS.walPrefix())
                && key.compareTo(KEYS.wal(newest.replayAfter())) > 0;
        boolean fence = bucket.peek(key).filter(bytes -> bytes.length == 64).isPresent();
        boolean ahead =
            key.value().startsWith(KEYS.manifestPrefix())
                && key.compareTo(KEYS.manifest(newest.id())) >= 0;
        if (named.contains(key) || unflushed || fence || ahead) {
          simulation.fail("live object deleted: " + key + " newest=" + newest);
        }
      }
    }
  }

  /** A writer that stores bodies of no meaning under the right keys. */
  private static final class Broker {
    final World world;
    final SimScheduler process;
    final WriterTerm term;
    final ObjectStore store;
    final ManifestStore manifests;
    final GarbageCollector collector;
    long nextSeq = 1;
    long nextNumber = 1;

    Broker(World world, SimScheduler process, long epoch, GarbageOptions options) {
      this.world = world;
      this.process = process;
      this.term = new WriterTerm(1, epoch, new UUID(3, epoch));
      this.store = world.bucket.forProcess(process);
      this.manifests = new ManifestStore(store, LANE, term.writerId(), process);
      this.collector = new GarbageCollector(store, manifests, LANE, process, options);
    }

    void open() {
      world.await(manifests.open());
      commit(new ClaimEpoch(term));
    }

    void commit(ManifestEdit edit) {
      world.await(manifests.commit(edit));
    }

    void writeWal(int slots) {
      for (int i = 0; i < slots; i++) {
        upload(KEYS.wal(new WalSlot(term.epoch(), nextSeq++)));
      }
    }

    void fence(long epoch, long seq) {
      ObjectIdentity identity =
          new ObjectIdentity(SortedObjectKind.FENCE, 1, LANE, epoch, seq, term.writerId());
      world.await(
          store.putIfAbsent(
              KEYS.wal(new WalSlot(epoch, seq)), SortedObjectWriter.fence(identity).body()));
    }

    void upload(ObjectKey key) {
      world.await(put(key));
    }

    CompletableFuture<?> put(ObjectKey key) {
      return store.putIfAbsent(key, ObjectBody.of(new byte[100]));
    }

    void flush() {
      AddL0 edit = nextL0();
      upload(edit.object().key(LANE));
      upload(edit.table().key(LANE));
      commit(edit);
    }

    void flush(int times) {
      for (int i = 0; i < times; i++) {
        writeWal(1);
        flush();
      }
    }

    /** Everything in level 0. */
    void drop() {
      commit(new DropObjects(term, manifests.current().l0(), List.of(), null));
    }

    RunRef replaceWithRun(List<L0Ref> sources, List<L0Ref> referenced) {
      UUID compactor = new UUID(5, 5);
      commit(new ClaimCompactor(1, compactor));
      long compactorEpoch = manifests.current().level1().compactorEpoch();
      RunRef run =
          new RunRef(
              compactorEpoch,
              1,
              100,
              7,
              0,
              1,
              90,
              5_000,
              Place.NONE,
              Place.NONE,
              0,
              referenced.stream().map(DataRef::of).toList());
      upload(run.key(LANE));
      commit(
          new ReplaceWithRuns(
              new CompactorTerm(1, compactorEpoch, compactor),
              List.of(),
              sources,
              List.of(run),
              2));
      return manifests.current().level1().runs().get(0);
    }

    /** Adopts slots 1 to {@code lastSeq} of {@code epoch}. */
    void adopt(long epoch, long lastSeq) {
      List<L0Ref> objects =
          LongStream.rangeClosed(1, lastSeq)
              .mapToObj(seq -> ref(SortedObjectKind.WAL, epoch, seq))
              .toList();
      TableRef table = new TableRef(term.epoch(), nextNumber++, 100, 1);
      upload(table.key(LANE));
      commit(new AdoptSealed(term, objects, table, new WalSlot(term.epoch(), 0)));
    }

    void flushNothing() {
      commit(new AdoptSealed(term, List.of(), null, new WalSlot(term.epoch(), 0)));
    }

    /** As many passes as it takes to see everything. */
    CompletableFuture<GarbageResult> passes() {
      return collector
          .pass()
          .thenCompose(
              result -> collector.isDone() ? CompletableFuture.completedFuture(result) : passes());
    }

    /** Opens the lane, then writes, flushes and collects until it is fenced or done. */
    void live(int flushes) {
      retrying(() -> manifests.open())
          .thenCompose(opened -> manifests.commit(new ClaimEpoch(term)))
          .thenCompose(claimed -> flushes(flushes))
          .exceptionally(
              failure -> {
                Throwable cause = failure.getCause();
                boolean mayDie =
                    cause instanceof LaneFencedException
                        || cause instanceof CorruptObjectException; // damaged three times in a row
                if (!mayDie) {
                  world.simulation.fail("broker died of " + cause);
                }
                return null;
              });
    }

    private CompletableFuture<Void> flushes(int left) {
      if (left == 0) {
        return CompletableFuture.completedFuture(null);
      }
      ObjectKey wal = KEYS.wal(new WalSlot(term.epoch(), nextSeq++));
      AddL0 edit = nextL0();
      return retrying(() -> put(wal))
          .thenCompose(x -> retrying(() -> put(edit.object().key(LANE))))
          .thenCompose(x -> retrying(() -> put(edit.table().key(LANE))))
          .thenCompose(x -> manifests.commit(edit))
          .thenCompose(x -> collector.pass().handle((result, failure) -> result))
          .thenCompose(x -> flushes(left - 1));
    }

    private <T> CompletableFuture<T> retrying(Supplier<CompletableFuture<T>> call) {
      return call.get()
          .handle(
              (value, failure) -> {
                if (failure == null) {
                  return CompletableFuture.completedFuture(value);
                }
                Throwable cause = failure.getCause() == null ? failure : failure.getCause();
                if (!(cause instanceof ObjectStoreException.Unavailable)) {
                  return CompletableFuture.<T>failedFuture(cause);
                }
                CompletableFuture<Void> pause = new CompletableFuture<>();
                process.schedule(() -> pause.complete(null), Duration.ofSeconds(1));
                return pause.thenCompose(go -> retrying(call));
              })
          .thenCompose(result -> result);
    }

    private AddL0 nextL0() {
      long number = nextNumber++;
      return new AddL0(
          term,
          ref(SortedObjectKind.L0, term.epoch(), number),
          new TableRef(term.epoch(), number, 100, 1),
          new WalSlot(term.epoch(), nextSeq - 1));
    }

    private static L0Ref ref(SortedObjectKind kind, long epoch, long number) {
      return new L0Ref(kind, epoch, number, 100, 7, 3, 90, 5_000);
    }
  }
}
