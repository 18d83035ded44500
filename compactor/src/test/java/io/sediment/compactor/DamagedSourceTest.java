package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.compactor.RangeRewriter.BatchFilter;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.L0Ref;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.objectstore.ObjectKey;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimScheduler;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is damaged for good is told of, stays damaged, and stops nothing that need not wait for it.
 */
class DamagedSourceTest {
  private static final int PARTITIONS = 5;
  private static final int FLUSHES = 4;

  /** Looks into every batch, and keeps all. */
  private static final RangeRewriter LOOKS =
      new RangeRewriter() {
        @Override
        public long memoryBytes() {
          return 0;
        }

        @Override
        public boolean rewrites(PartitionId partition) {
          return true;
        }

        @Override
        public CompletableFuture<Optional<CompactionPlan>> plan(
            LaneId lane,
            List<RunRef> runs,
            Liveness liveness,
            Function<RunRef, CompletableFuture<List<SourceSection>>> sections) {
          return CompletableFuture.completedFuture(Optional.empty());
        }

        @Override
        public CompletableFuture<BatchFilter> begin(Range range, BlockSource blocks) {
          return blocks.read(range.blocks()).thenApply(read -> (block, bytes) -> List.of(bytes));
        }
      };

  @ParameterizedTest(name = "rewritten={0}")
  @ValueSource(booleans = {false, true})
  void compactionGoesOnAroundIt(boolean rewritten) {
    CompactingWorld compacting =
        new CompactingWorld(3, FaultPlan.none(), process -> rewritten ? LOOKS : RangeRewriter.NONE);
    LaneWorld world = compacting.world;
    Broker broker = world.broker("broker");
    for (int flush = 0; flush < FLUSHES; flush++) {
      for (int partition = 0; partition < PARTITIONS; partition++) {
        broker.append(partition, 1_000, 1, 7, false);
      }
      world.await(broker.lane().flush(), "flushed");
    }
    Manifest before = StoredManifests.newest(world.bucket, LaneWorld.LANE);
    assertThat(before.l0()).hasSize(FLUSHES);
    ObjectKey damaged = before.l0().get(1).key(LaneWorld.LANE);
    damage(world, damaged); // of partition 0, its second batch

    LaneCompactor compactor = compacting.outside(world.simulation.process("compactor"), false);
    assertThatThrownBy(() -> world.await(compactor.turn(), "turn"))
        .hasCauseInstanceOf(CorruptObjectException.class)
        .hasMessageContaining(damaged.value());
    assertThat(compactor.damagedObjects()).isEqualTo(1);
    assertThat(compacting.compactFully(compactor)).isPositive();
    Manifest after = StoredManifests.newest(world.bucket, LaneWorld.LANE);
    assertThat(after.l0()).isEmpty();
    assertThat(StoredManifests.named(after)).contains(damaged);
    assertThat(compactor.damagedObjects()).isEqualTo(1);
    broker.crash(); // the next one reads what is stored

    Broker next = world.broker("next");
    for (int partition = 1; partition < PARTITIONS; partition++) {
      next.assertReads(partition, 0, 3_000);
    }
    next.assertReads(0, 2, 3_000);
    assertThatThrownBy(() -> world.await(next.partition(0).read(1, 1_000, true, FLUSHES), "read"))
        .hasCauseInstanceOf(CorruptObjectException.class)
        .hasMessageContaining(damaged.value());
  }

  /** Nobody knows what lies in it, so what is behind it waits, until somebody puts it back. */
  @Test
  void aDamagedFooterHoldsUpWhatIsBehindIt() {
    CompactingWorld compacting = new CompactingWorld(3, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("broker");
    flush(world, broker, FLUSHES + 2);
    Manifest before = StoredManifests.newest(world.bucket, LaneWorld.LANE);
    L0Ref damaged = before.l0().get(2);
    ObjectKey key = damaged.key(LaneWorld.LANE);
    byte[] sound = world.bucket.peek(key).orElseThrow().clone();
    byte[] bytes = sound.clone();
    bytes[bytes.length - 40] ^= 1; // in the footer
    world.replace(key, bytes);

    SimScheduler process = world.simulation.process("compactor");
    LaneCompactor compactor = compacting.outside(process, false);
    assertThatThrownBy(() -> world.await(compactor.turn(), "turn"))
        .hasCauseInstanceOf(CorruptObjectException.class)
        .hasMessageContaining(key.value());
    assertThat(compacting.compactFully(compactor)).isEqualTo(1);
    Manifest around = StoredManifests.newest(world.bucket, LaneWorld.LANE);
    assertThat(around.l0()).isEqualTo(before.l0().subList(2, before.l0().size()));
    assertThat(compactor.damagedObjects()).isEqualTo(1);

    broker.crash(); // the next one reads what is stored
    Broker reader = world.broker("reader");
    assertReadsAllBut(world, reader, 2, key);
    reader.crash();

    world.replace(key, sound);
    world.simulation.runFor(Duration.ofMinutes(11));
    assertThat(compacting.compactFully(compactor)).isPositive();
    assertThat(compactor.damagedObjects()).isZero();
    assertThat(StoredManifests.newest(world.bucket, LaneWorld.LANE).l0()).isEmpty();
    Broker next = world.broker("next");
    for (int partition = 0; partition < PARTITIONS; partition++) {
      next.assertReads(partition, 0, 3_000);
    }
  }

  @Test
  void runsBesideADamagedDirectoryAreStillJoined() {
    CompactingWorld compacting = new CompactingWorld(3, FaultPlan.none());
    LaneWorld world = compacting.world;
    Broker broker = world.broker("broker");
    LaneCompactor first = compacting.inside(broker);
    flush(world, broker, 2);
    compacting.compactFully(first);
    List<RunRef> oldest = StoredManifests.newest(world.bucket, LaneWorld.LANE).level1().runs();
    for (RunRef run : oldest) {
      ObjectKey key = run.key(LaneWorld.LANE);
      byte[] bytes = world.bucket.peek(key).orElseThrow().clone();
      bytes[bytes.length / 2] ^= 1;
      world.replace(key, bytes);
    }
    LaneCompactor compactor = compacting.outside(world.simulation.process("compactor"), false);
    for (int round = 0; round < 4; round++) {
      flush(world, broker, 2);
      for (int turn = 0; turn < 6; turn++) {
        world.await(compactor.turn().handle((result, damage) -> true), "turn");
      }
    }
    Manifest after = StoredManifests.newest(world.bucket, LaneWorld.LANE);
    assertThat(after.level1().runs()).containsAll(oldest);
    assertThat(after.level1().runs().size()).isLessThan(5 * oldest.size());
    assertThat(after.l0()).isEmpty();
    assertThat(compactor.damagedObjects()).isPositive();
    broker.crash();
    Broker reader = world.broker("reader");
    for (int partition = 0; partition < PARTITIONS; partition++) {
      reader.assertReads(partition, 2, 3_000);
    }
  }

  private static void flush(LaneWorld world, Broker broker, int times) {
    for (int flush = 0; flush < times; flush++) {
      for (int partition = 0; partition < PARTITIONS; partition++) {
        broker.append(partition, 1_000, 1, 7, false);
      }
      world.await(broker.lane().flush(), "flushed");
    }
  }

  /** Of each partition one batch of a record lies in each flushed object. */
  private static void assertReadsAllBut(
      LaneWorld world, Broker reader, int offset, ObjectKey damaged) {
    for (int partition = 0; partition < PARTITIONS; partition++) {
      int number = partition;
      assertThat(
              world
                  .await(reader.partition(number).read(0, 3_000, true, offset), "read")
                  .nextOffset())
          .isEqualTo(offset);
      assertThatThrownBy(
              () -> world.await(reader.partition(number).read(offset, 1_000, true, 100), "read"))
          .hasCauseInstanceOf(CorruptObjectException.class)
          .hasMessageContaining(damaged.value());
      reader.assertReads(number, offset + 1, 3_000);
    }
  }

  private static void damage(LaneWorld world, ObjectKey key) {
    byte[] bytes = world.bucket.peek(key).orElseThrow().clone();
    bytes[64 + 500] ^= 1; // behind the header: the first partition's only block
    world.replace(key, bytes);
  }
}
