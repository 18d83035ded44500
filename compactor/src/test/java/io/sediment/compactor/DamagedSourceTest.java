package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.compactor.RangeRewriter.BatchFilter;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.manifest.StoredManifests;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.simulation.FaultPlan;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A block of level 0 is damaged for good: it is told of, stays damaged, and stops nothing else. */
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
            Manifest manifest,
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

  private static void damage(LaneWorld world, ObjectKey key) {
    byte[] bytes = world.bucket.peek(key).orElseThrow().clone();
    bytes[64 + 500] ^= 1; // behind the header: the first partition's only block
    world.bucket.removeNow(key);
    world.bucket.allowChangedBodies();
    world.await(
        world
            .bucket
            .forProcess(world.simulation.process("vandal"))
            .putIfAbsent(key, ObjectBody.of(ByteBuffer.wrap(bytes))),
        "put");
  }
}
