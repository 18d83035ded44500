package io.sediment.lsm.gc;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.gc.GarbageWorld.Broker;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.ManifestEdit.DropObjects;
import io.sediment.lsm.manifest.ManifestStore;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.object.DataKind;
import io.sediment.objectstore.ObjectKey;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.Seeds;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class GarbageCollectorTest {
  /** Two of 258 folders in a pass: what goes at once is known by name. */
  private static final GarbageOptions SEES_LITTLE = new GarbageOptions(2, 30, Duration.ofMillis(5));

  static LongStream seeds() {
    return Seeds.upTo(10);
  }

  @Test
  void whatIsFlushedGoesAndWhatCountsStays() {
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
    Broker broker = world.broker(1);
    broker.open();
    for (int i = 0; i < 40; i++) {
      broker.writeWal(5);
      broker.flush();
    }
    broker.writeWal(3);
    broker.upload(GarbageWorld.KEYS.data(1, 1_000, DataKind.L0)); // a flush on its way
    world.await(broker.collector.pass());
    assertThat(world.walSlots()).containsExactly("1/201", "1/202", "1/203");
    assertThat(world.bucket.keys(GarbageWorld.KEYS.manifestPrefix()))
        .hasSize(ManifestStore.MANIFESTS_KEPT);
    world.await(broker.passes());
    assertThat(world.bucket.keys(GarbageWorld.KEYS.manifestPrefix())).hasSize(1);
    assertThat(world.bucket.keys("data/"))
        .hasSize(40 + 1 + 1)
        .containsAll(StoredManifests.named(broker.manifests.current()));
    assertThat(broker.collector.isDone()).isTrue();
  }

  @Test
  void aPassTwiceDeletesNothingMore() {
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    zombie.upload(GarbageWorld.KEYS.data(1, 1, DataKind.L0));
    zombie.upload(GarbageWorld.KEYS.data(1, 1, DataKind.TABLE));
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
    GarbageWorld world = new GarbageWorld(3, FaultPlan.none());
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
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
        assertThat(world.bucket.peek(dropped.key(GarbageWorld.LANE)))
            .as("a reader may have begun just before it was dropped")
            .isPresent();
      }
      broker.flush(commits);
      world.await(broker.collector.pass());
      assertThat(world.bucket.peek(dropped.key(GarbageWorld.LANE))).isEmpty();
      assertThat(world.bucket.keys(""))
          .containsAll(StoredManifests.named(broker.manifests.current()));
    }
  }

  @Test
  void whatWasDroppedBeforeARestartGoesWithTheSecondPassAfterIt() {
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    assertThat(world.bucket.peek(dropped.key(GarbageWorld.LANE))).isEmpty();
  }

  /** It knows of what was current when it fell asleep, and lets go of nothing that came later. */
  @Test
  void aZombieThatCollectsDeletesNothingThatCounts() {
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
        request ->
            request.key().equals(GarbageWorld.KEYS.boundary())
                && request.op() == StoreOp.PUT_IF_ABSENT,
        1,
        Fault.FAIL_BEFORE);
    assertThat(world.failure(broker.collector.pass())).isNotNull();
    assertThat(world.bucket.keys("")).isEqualTo(before);
    world.await(broker.collector.pass());
    assertThat(world.bucket.keys("")).hasSizeLessThan(before.size());
  }

  @Test
  void anObjectThatARunRefersToStaysThoughItLeftLevel0() {
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
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
    assertThat(world.bucket.peek(copied.key(GarbageWorld.LANE))).isEmpty();
    assertThat(world.bucket.peek(referenced.key(GarbageWorld.LANE))).isPresent();
    assertThat(world.bucket.peek(run.key(GarbageWorld.LANE))).isPresent();
    broker.commit(new DropObjects(broker.term, List.of(), List.of(run), null));
    world.await(broker.collector.pass());
    assertThat(world.bucket.peek(referenced.key(GarbageWorld.LANE)))
        .as("the last manifest")
        .isPresent();
    world.await(broker.collector.pass());
    assertThat(world.bucket.peek(referenced.key(GarbageWorld.LANE))).isEmpty();
    assertThat(world.bucket.peek(run.key(GarbageWorld.LANE))).isEmpty();
  }

  @Test
  void aDamagedManifestDoesNotStayForEver() {
    GarbageWorld world = new GarbageWorld(1, FaultPlan.none());
    Broker broker = world.broker(1, SEES_LITTLE);
    broker.open();
    broker.flushNothing();
    for (int i = 0; i < 30; i++) {
      broker.writeWal(1);
      broker.flush();
    }
    world.bucket.removeNow(GarbageWorld.KEYS.manifest(2));
    broker.upload(GarbageWorld.KEYS.manifest(2)); // bytes of no meaning
    Broker next = world.broker(2, SEES_LITTLE);
    next.open();
    world.await(next.collector.pass());
    assertThat(world.bucket.keys(GarbageWorld.KEYS.manifestPrefix()))
        .hasSize(ManifestStore.MANIFESTS_KEPT)
        .doesNotContain(GarbageWorld.KEYS.manifest(2));
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
    GarbageWorld world = new GarbageWorld(simulation, plan);
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
    assertThat(world.bucket.keys(GarbageWorld.KEYS.manifestPrefix())).hasSize(1);
  }
}
