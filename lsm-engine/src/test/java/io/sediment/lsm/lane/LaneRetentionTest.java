package io.sediment.lsm.lane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.lsm.scan.OffsetGoneException;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.StoreOp;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Four flushes of ten batches of 1000 bytes to partition 0, the first ones also to partition 1:
 *
 * <pre>
 *   object      1      2      3      4      memory
 *   partition 0 0-9    10-19  20-29  30-39  40-44
 *   timestamps  0-9    10-19  20-29  30-39  40-44
 *   partition 1 0
 * </pre>
 */
class LaneRetentionTest {
  private static final PartitionId ZERO = LaneWorld.partition(0);
  private static final PartitionId ONE = LaneWorld.partition(1);

  private final LaneWorld world = new LaneWorld(5, FaultPlan.none());
  private final Broker broker = world.broker("one");
  private @Nullable L0Ref second;

  LaneRetentionTest() {
    broker.append(1, 1000, 1, 0, false);
    for (int i = 0; i < 45; i++) {
      broker.append(0, 1000, 1, i, false);
      if (i % 10 == 9) {
        world.await(broker.lane().flush(), "flushed");
      }
    }
    broker.untilAllDurable();
  }

  private long olderThan(long fromOffset, long timestamp) {
    return world
        .await(broker.partition(0).olderThan(fromOffset, timestamp), "older than")
        .nextOffset();
  }

  private long oldest(long fromOffset, long bytesMax) {
    return world.await(broker.partition(0).oldest(fromOffset, bytesMax), "oldest").nextOffset();
  }

  private long bytesFrom(long fromOffset) {
    return world.await(broker.partition(0).bytesFrom(fromOffset), "bytes");
  }

  private Set<UUID> reclaim(Map<PartitionId, Long> logStarts, Set<UUID> topics) {
    return world.await(broker.lane().reclaim(logStarts, topics), "reclaimed");
  }

  @Test
  void blocksAreOlderOnlyAsAWhole() {
    assertThat(olderThan(0, 9)).as("the block has 9").isZero();
    assertThat(olderThan(0, 10)).isEqualTo(10);
    assertThat(olderThan(0, 35)).isEqualTo(30);
    assertThat(olderThan(15, 5)).as("never back").isEqualTo(15);
    assertThat(olderThan(0, 100_000)).as("what is flushed, no more").isEqualTo(40);
  }

  @Test
  void aBlockWithoutTimestampsIsNotOlderThanAnything() {
    broker.append(4, 1000, 1, -1, false);
    broker.append(4, 1000, 1, -1, false);
    world.await(broker.lane().flush(), "flushed");
    assertThat(world.await(broker.partition(4).olderThan(0, 1000), "older than").nextOffset())
        .isZero();
  }

  @Test
  void blocksAreTakenWhileTheyFit() {
    assertThat(oldest(0, 9_999)).isZero();
    assertThat(oldest(0, 10_000)).isEqualTo(10);
    assertThat(oldest(0, 29_999)).isEqualTo(20);
    assertThat(oldest(12, 10_000)).as("bytes below do not count").isEqualTo(20);
    assertThat(oldest(0, 1_000_000)).as("what is flushed, no more").isEqualTo(40);
  }

  @Test
  void bytesAreThoseInTheStoreAndInMemory() {
    assertThat(bytesFrom(0)).isEqualTo(45_000);
    assertThat(bytesFrom(12)).as("whole blocks").isEqualTo(35_000);
    assertThat(bytesFrom(40)).isEqualTo(5_000);
    world.await(broker.lane().flush(), "flushed");
    assertThat(bytesFrom(0)).as("counted once").isEqualTo(45_000);
  }

  @Test
  void anObjectGoesWhenNothingInItIsAlive() {
    long size = broker.partition(0).sizeBytes();
    reclaim(Map.of(ZERO, 20L), Set.of());
    assertThat(broker.lane().stats().l0Objects()).as("partition 1 is in the first").isEqualTo(3);
    assertThat(broker.partition(0).sizeBytes()).isEqualTo(size - 10_000);
    reclaim(Map.of(ZERO, 20L, ONE, 1L), Set.of());
    assertThat(broker.lane().stats().l0Objects()).isEqualTo(2);
    world.logStarts.putAll(Map.of(ZERO, 20L, ONE, 1L));
    broker.assertReadsEverything(3000);
    assertThat(broker.lane().endOffsets()).containsEntry(ONE, 1L);
    broker.crash();
    Broker next = world.broker("two"); // without what was in memory
    assertThatThrownBy(() -> world.await(next.partition(0).read(5, 1000, true, 40), "read"))
        .hasCauseInstanceOf(OffsetGoneException.class);
    next.assertReads(0, 20, 3000);
  }

  @Test
  void anObjectWithADamagedFooterStaysAndOthersGo() {
    Broker next = withDamagedSecond();
    int objects = next.lane().stats().l0Objects();
    UUID nowhere = new UUID(7, 7);
    Set<UUID> gone =
        world.await(next.lane().reclaim(Map.of(ZERO, 19L, ONE, 1L), Set.of(nowhere)), "reclaimed");
    assertThat(next.lane().stats().l0Objects()).isEqualTo(objects - 1);
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).contains(second);
    assertThat(gone).as("it may lie in the damaged one").isEmpty();
    world.logStarts.putAll(Map.of(ZERO, 20L, ONE, 1L));
    next.assertReads(0, 20, 3000);
  }

  /** Of partition 0 it holds [10, 20) at most, as others show, and of partition 1 nothing. */
  @Test
  void anObjectWithADamagedFooterGoesWhenAllThatMayBeInItIsBelowLogStarts() {
    Broker next = withDamagedSecond();
    world.await(next.lane().reclaim(Map.of(ZERO, 20L), Set.of()), "reclaimed");
    List<L0Ref> left = StoredManifests.newest(world.bucket, LaneWorld.LANE).l0();
    assertThat(left).doesNotContain(second).as("partition 1 is in the first").hasSize(4);
    world.logStarts.put(ZERO, 20L);
    next.assertReads(0, 20, 3000);
  }

  @Test
  void aDamagedFooterAtTheEndGoesWithWhatIsFlushed() {
    broker.crash();
    List<L0Ref> l0 = StoredManifests.newest(world.bucket, LaneWorld.LANE).l0();
    L0Ref last = l0.get(3);
    world.damageFooter(last);
    Broker next = world.broker("two");
    next.append(2, 1000, 1, 0, false);
    world.await(next.lane().flush(), "flushed");
    long end = next.lane().endOffsets().get(ZERO);
    assertThat(world.await(next.partition(0).olderThan(0, 1_000_000), "older than").nextOffset())
        .isEqualTo(end);
    world.await(next.lane().reclaim(Map.of(ZERO, 39L, ONE, 1L), Set.of()), "reclaimed");
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).contains(last);
    world.await(next.lane().reclaim(Map.of(ZERO, end, ONE, 1L), Set.of()), "reclaimed");
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).doesNotContain(last);
  }

  /** Only the lane's table says how far its records reach. */
  @Test
  void aDamagedFooterBehindWhichNothingFollowsStaysForWhatItMayHold() {
    world.await(broker.lane().flush(), "flushed");
    broker.crash();
    List<L0Ref> l0 = StoredManifests.newest(world.bucket, LaneWorld.LANE).l0();
    L0Ref last = l0.get(l0.size() - 1);
    world.damageFooter(last);
    Broker next = world.broker("two");
    world.await(next.lane().reclaim(Map.of(ZERO, 44L, ONE, 1L), Set.of()), "reclaimed");
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).containsExactly(last);
    world.await(next.lane().reclaim(Map.of(ZERO, 45L, ONE, 1L), Set.of()), "reclaimed");
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).isEmpty();
  }

  @Test
  void retentionPassesADamagedFooterOnceAllOfItsObjectIsOld() {
    Broker next = withDamagedSecond(); // timestamps 10 to 19
    LanePartition zero = next.partition(0);
    assertThat(world.await(zero.olderThan(0, 19), "older than").nextOffset()).isEqualTo(10);
    assertThat(world.await(zero.olderThan(0, 20), "older than").nextOffset()).isEqualTo(20);
    assertThat(world.await(zero.olderThan(13, 20), "from within").nextOffset()).isEqualTo(20);
    assertThat(world.await(zero.olderThan(0, 35), "older than").nextOffset()).isEqualTo(30);
  }

  @Test
  void whatADamagedFooterHidesCountsForNothing() {
    Broker next = withDamagedSecond();
    LanePartition zero = next.partition(0);
    long bytes = world.await(zero.bytesFrom(0), "bytes");
    assertThat(bytes).isEqualTo(1000 * (next.partition(0).endOffset() - 10));
    assertThat(world.await(zero.bytesFrom(20), "bytes")).isEqualTo(bytes - 10_000);
    assertThat(world.await(zero.oldest(0, 9_999), "oldest").nextOffset()).isZero();
    assertThat(world.await(zero.oldest(0, 19_999), "oldest").nextOffset()).isEqualTo(20);
    assertThat(world.await(zero.oldest(0, 20_000), "oldest").nextOffset()).isEqualTo(30);
  }

  /** Nobody can read what it says of them; it is let go with the records. */
  @Test
  void producersAreTakenAgainOnceADamagedObjectIsGone() {
    broker.append(3, 1000, 1, 50, true);
    world.await(broker.lane().flush(), "flushed");
    broker.crash();
    List<L0Ref> l0 = StoredManifests.newest(world.bucket, LaneWorld.LANE).l0();
    world.damageFooter(l0.get(l0.size() - 1));
    Broker next = world.broker("two");
    assertThatThrownBy(() -> world.await(next.partition(3).producers(), "producers"))
        .hasCauseInstanceOf(CorruptObjectException.class);
    PartitionId three = LaneWorld.partition(3);
    long end = next.lane().endOffsets().get(ZERO);
    world.await(next.lane().reclaim(Map.of(ZERO, end, ONE, 1L, three, 1L), Set.of()), "reclaimed");
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0())
        .doesNotContain(l0.get(l0.size() - 1));
    assertThat(world.await(next.partition(3).producers(), "producers")).isEmpty();
  }

  /** Another broker, which has to read what lies there. */
  private Broker withDamagedSecond() {
    broker.crash();
    second = StoredManifests.newest(world.bucket, LaneWorld.LANE).l0().get(1);
    world.damageFooter(second);
    return world.broker("two");
  }

  @Test
  void aDamagedOneThatProducersAreKnownByHoldsUpNoOther() {
    broker.append(2, 1000, 1, 0, true);
    world.await(broker.lane().flush(), "flushed");
    List<L0Ref> l0 = StoredManifests.newest(world.bucket, LaneWorld.LANE).l0();
    L0Ref newest = l0.get(l0.size() - 1);
    world.damageFooter(newest); // its index is in memory
    reclaim(Map.of(ZERO, 45L, ONE, 1L, LaneWorld.partition(2), 1L), Set.of());
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).containsExactly(newest);
  }

  @Test
  void droppedObjectsAreCollectedAndThenTheLaneIsSilent() {
    reclaim(Map.of(ZERO, 40L, ONE, 1L), Set.of());
    for (int i = 0; i < 20; i++) { // old manifests name them until they go
      broker.append(2, 100, 1, i, false);
      world.await(broker.lane().flush(), "flushed");
    }
    world.simulation.runFor(Duration.ofHours(1));
    assertThat(world.bucket.keys("data/").stream().filter(key -> key.value().endsWith(".l0")))
        .hasSize(20);
    String bill = world.bucket.bill().toString();
    world.simulation.runFor(Duration.ofDays(1));
    assertThat(world.bucket.bill()).hasToString(bill);
  }

  @Test
  void anObjectStaysForTheProducersThatNothingElseRemembers() {
    broker.append(3, 1000, 1, 50, true);
    world.await(broker.lane().flush(), "flushed");
    PartitionId three = LaneWorld.partition(3);
    reclaim(Map.of(ZERO, 45L, ONE, 1L, three, 1L), Set.of());
    assertThat(broker.lane().stats().l0Objects()).isEqualTo(1);
    broker.crash();
    Broker next = world.broker("two");
    next.assertProducers(3);
    next.append(3, 1000, 1, 51, true);
    next.append(3, 1000, 1, 51, true);
    next.append(3, 1000, 1, 51, true);
    world.await(next.lane().flush(), "flushed");
    world.await(next.lane().reclaim(Map.of(ZERO, 45L, ONE, 1L, three, 2L), Set.of()), "reclaimed");
    assertThat(next.lane().stats().l0Objects()).as("a newer snapshot has them").isEqualTo(1);
    next.assertProducers(3);
  }

  @Test
  void aPassThatChangesNothingReadsNothing() {
    reclaim(Map.of(ZERO, 15L), Set.of());
    long gets = world.bucket.bill().requests(StoreOp.GET);
    reclaim(Map.of(ZERO, 15L), Set.of());
    reclaim(Map.of(ZERO, 17L), Set.of());
    assertThat(world.bucket.bill().requests(StoreOp.GET)).isEqualTo(gets);
  }

  @Test
  void aDeletedTopicIsNotGoneWhileItLiesBesideLiveData() {
    PartitionId other = new PartitionId(new UUID(9, 9), 0);
    LanePartition live = broker.lane().openPartition(other, 1, 0, new Heard());
    live.append(TestBatch.at(0).size(1000, world.random).build());
    Set<UUID> topic = Set.of(ZERO.topicId());
    broker.lane().closePartition(ZERO);
    broker.lane().closePartition(ONE);
    assertThat(reclaim(Map.of(), topic)).as("some of it is in memory").isEmpty();
    world.await(broker.lane().flush(), "flushed");
    assertThat(reclaim(Map.of(), topic)).as("now beside the other").isEmpty();
    assertThat(reclaim(Map.of(other, 1L), topic)).isEqualTo(topic);
  }

  @Test
  void aDeletedTopicIsGoneWhenNothingHoldsIt() {
    Set<UUID> topic = Set.of(ZERO.topicId());
    assertThat(reclaim(Map.of(), topic)).as("still open").isEmpty();
    broker.lane().closePartition(ZERO);
    broker.lane().closePartition(ONE);
    assertThat(reclaim(Map.of(), topic)).as("some of it is in memory").isEmpty();
    world.await(broker.lane().flush(), "flushed");
    assertThat(reclaim(Map.of(), topic)).isEqualTo(topic);
    assertThat(broker.lane().endOffsets()).isEmpty();
    assertThat(broker.lane().stats().l0Objects()).isZero();
    broker.process.crash();
    world.model.clear();
    assertThat(world.broker("two").lane().endOffsets()).isEmpty();
  }
}
