package io.sediment.wal;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimScheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * The life of one lane's log under a seed: owners follow one another while the bucket misbehaves.
 * Each takes the next epoch, seals, goes on where the sealed log ends, and appends until it is
 * crashed, paused, fenced or simply left running by its successor; some die between taking the
 * epoch and sealing. The manifest is one number here: who takes an epoch has it at once.
 *
 * <p>{@link #run} answers with the promises that were broken.
 */
final class WalScenario {
  /** What is exchanged to see whether it is found out; as it stands, nothing is. */
  interface Variant {
    default ObjectStore store(ObjectStore store) {
      return store;
    }

    default WriteAheadLog open(WalWorld.Broker broker, long epoch) {
      return broker.open(epoch);
    }

    default CompletableFuture<List<SortedObject>> seal(WalWorld.Broker broker, long newEpoch) {
      return broker.logs.seal(WalWorld.LANE, WalSlot.NONE, newEpoch);
    }

    /** Whatever else might happen to a bucket once an epoch was sealed. */
    default void afterSeal(ObjectStore store, WalWorld world, List<SortedObject> sealed) {}
  }

  private static final int OWNERS = 4;
  private static final Duration PATIENCE = Duration.ofHours(3);
  private static final WalProfile PROFILE =
      new WalProfile(
          "test",
          Duration.ofMillis(20),
          Duration.ofMillis(60),
          Duration.ofMillis(5),
          2_000,
          3,
          0,
          true);

  /** An owner that got as far as opening its epoch. */
  private record Reign(
      WalWorld.Broker broker, long epoch, WriteAheadLog log, TestAppender appender) {}

  private final WalWorld world;
  private final Variant variant;
  private final SplittableRandom random;
  private final List<Reign> reigns = new ArrayList<>();
  private final Map<Long, List<WalSlot>> sealedByEpoch = new TreeMap<>();
  private long manifestEpoch;
  private final List<String> broken = new ArrayList<>();

  WalScenario(long seed, Variant variant) {
    SplittableRandom ofSeed = new SplittableRandom(seed);
    this.world = new WalWorld(seed, FaultPlan.random(ofSeed.split()));
    this.variant = variant;
    this.random = ofSeed;
  }

  List<String> run() {
    for (int i = 0; i < OWNERS; i++) {
      takeOver(random.nextInt(5) == 0);
      world.simulation.runFor(Duration.ofMillis(random.nextLong(10_000)));
      retireOwners();
    }
    world.bucket.heal();
    takeOver(false);
    world.simulation.runFor(PATIENCE); // zombies wake, late requests land
    reigns.forEach(reign -> reign.broker.process.resume());
    world.simulation.runFor(PATIENCE);
    checkSealed();
    return broken;
  }

  private void retireOwners() {
    for (Reign reign : reigns) {
      SimScheduler process = reign.broker.process;
      switch (random.nextInt(4)) {
        case 0 -> process.crash();
        case 1 -> process.pause();
        case 2 -> process.resume();
        default -> {}
      }
    }
  }

  private void takeOver(boolean diesEarly) {
    manifestEpoch++;
    if (diesEarly) {
      return;
    }
    WalWorld.Broker broker = world.broker("owner of " + manifestEpoch, PROFILE, variant::store);
    sealThenOpen(broker, manifestEpoch);
    if (random.nextInt(6) == 0) {
      Duration soon = Duration.ofMillis(random.nextLong(500));
      world.simulation.world().schedule(broker.process::crash, soon);
    }
  }

  private void sealThenOpen(WalWorld.Broker broker, long epoch) {
    variant
        .seal(broker, epoch)
        .whenComplete(
            (found, failure) -> {
              if (failure != null) {
                broker.process.schedule(() -> sealThenOpen(broker, epoch), Duration.ofSeconds(1));
                return;
              }
              checkAgreement(found, epoch);
              if (manifestEpoch == epoch) {
                open(broker, epoch, found);
              }
              variant.afterSeal(world.bucket.forProcess(world.simulation.world()), world, found);
            });
  }

  private void open(WalWorld.Broker broker, long epoch, List<SortedObject> sealed) {
    Map<PartitionId, Long> ends = new HashMap<>();
    for (SortedObject object : sealed) {
      for (Section section : object.sections()) {
        ends.put(section.partition(), section.nextOffset());
      }
    }
    WriteAheadLog log = variant.open(broker, epoch);
    TestAppender appender = new TestAppender(log, epoch, (int) epoch, ends);
    Reign reign = new Reign(broker, epoch, log, appender);
    reigns.add(reign);
    appendAndGoOn(reign, 40);
  }

  private void appendAndGoOn(Reign reign, int rounds) {
    SplittableRandom chance = reign.broker.process.random();
    try {
      for (int i = chance.nextInt(4); i >= 0; i--) {
        reign.appender.append(chance.nextInt(6), TestBatches.SIZE_MIN + chance.nextInt(600));
      }
      if (chance.nextInt(10) == 0) {
        reign.log.cut();
      }
    } catch (LaneHaltedException over) {
      return;
    }
    if (rounds > 0) {
      Duration pause = Duration.ofMillis(chance.nextLong(400));
      reign.broker.process.schedule(() -> appendAndGoOn(reign, rounds - 1), pause);
    }
  }

  // -- promises ---------------------------------------------------------------------------------

  private void breaks(String promise) {
    broken.add(promise);
  }

  /** Whoever seals an epoch finds the same. */
  private void checkAgreement(List<SortedObject> sealed, long newEpoch) {
    Map<Long, List<WalSlot>> found = new TreeMap<>();
    for (long epoch = 1; epoch < newEpoch; epoch++) {
      found.put(epoch, new ArrayList<>());
    }
    for (SortedObject object : sealed) {
      WalSlot slot = new WalSlot(object.identity().epoch(), object.identity().number());
      found.get(slot.epoch()).add(slot);
    }
    found.forEach(
        (epoch, slots) -> {
          List<WalSlot> before = sealedByEpoch.putIfAbsent(epoch, slots);
          if (before != null && !before.equals(slots)) {
            breaks("sealers disagree: epoch=" + epoch + " " + before + " and " + slots);
          }
        });
  }

  /** At the end, by an owner that meets no faults: nothing acknowledged is missing or changed. */
  private void checkSealed() {
    manifestEpoch++;
    WalWorld.Broker last = world.broker("last", PROFILE, variant::store);
    List<SortedObject> sealed =
        world.simulation.await(variant.seal(last, manifestEpoch), PATIENCE, "sealed at last");
    checkAgreement(sealed, manifestEpoch);
    Map<WalSlot, Map<PartitionId, List<ByteBuffer>>> bySlot = new HashMap<>();
    Map<PartitionId, Long> ends = new HashMap<>();
    for (SortedObject object : sealed) {
      WalSlot slot = new WalSlot(object.identity().epoch(), object.identity().number());
      bySlot.put(slot, world.batches(List.of(object)));
      for (Section section : object.sections()) {
        long end = ends.getOrDefault(section.partition(), 0L);
        if (section.baseOffset() != end) {
          breaks("offsets not dense: " + section.partition() + " slot=" + slot + " after=" + end);
        }
        ends.put(section.partition(), section.nextOffset());
      }
    }
    for (Reign reign : reigns) {
      checkReign(reign, bySlot);
    }
  }

  private void checkReign(Reign reign, Map<WalSlot, Map<PartitionId, List<ByteBuffer>>> bySlot) {
    List<WalSlot> acked = reign.broker.acks.acked();
    // What the first sealer of an epoch did not find its successor did not build on.
    List<WalSlot> built = sealedByEpoch.getOrDefault(reign.epoch, List.of());
    for (TestAppender.Appended batch : reign.appender.appended()) {
      if (acked.contains(batch.slot())
          && !(built.contains(batch.slot())
              && bySlot
                  .getOrDefault(batch.slot(), Map.of())
                  .getOrDefault(batch.partition(), List.of())
                  .contains(batch.bytes()))) {
        breaks(
            "lost write: acked slot="
                + batch.slot()
                + " "
                + batch.partition()
                + " offset="
                + batch.baseOffset());
      }
    }
    if (!reign.broker.acks.complaints().isEmpty()) {
      breaks("told out of order: " + reign.broker.acks.complaints());
    }
    if (!reign.broker.process.isCrashed()) {
      if (reign.appender.slabsHeld() > 0) {
        breaks("slabs never given back: epoch=" + reign.epoch);
      }
      boolean fenced = reign.broker.acks.halted() != null;
      if (!fenced && reign.log.unackedBytes() > 0) {
        breaks("stuck: neither acknowledged nor halted: epoch=" + reign.epoch);
      }
    }
  }
}
