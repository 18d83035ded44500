package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.lsm.object.Block;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.MemoryBudget.Share;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.StoreOp;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What a rewriter needs is reserved, for one partition at a time, and given back. */
class RewriterMemoryTest {
  private static final int PARTITIONS = 5;
  private static final long MEMORY_BYTES = 50_000;

  private final Rewriter rewriter = new Rewriter();
  private final CompactingWorld compacting =
      new CompactingWorld(3, FaultPlan.none(), process -> rewriter);

  /** Keeps everything, and counts. */
  private final class Rewriter implements RangeRewriter {
    private int begun;
    private int open;
    private int openMost;

    @Override
    public long memoryBytes() {
      return MEMORY_BYTES;
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
      assertThat(compacting.memory.usedBytes(Share.COMPACTION))
          .isEqualTo(
              MEMORY_BYTES + CompactionOptions.STEPS_IN_MEMORY * CompactingWorld.TINY.stepBytes());
      begun++;
      open++;
      openMost = Math.max(openMost, open);
      return CompletableFuture.completedFuture(
          new BatchFilter() {
            @Override
            public List<ByteBuffer> filter(Block block, ByteBuffer bytes) {
              List<ByteBuffer> batches = new ArrayList<>();
              for (int at = bytes.position(); at < bytes.limit(); ) {
                int size = RecordBatchLayout.sizeInBytes(bytes, at);
                batches.add(bytes.slice(at, size));
                at += size;
              }
              return batches;
            }

            @Override
            public void close() {
              open--;
            }
          });
    }
  }

  private LaneCompactor afterSomeFlushes() {
    LaneWorld world = compacting.world;
    Broker broker = world.broker("broker");
    for (int flush = 0; flush < 4; flush++) {
      for (int partition = 0; partition < PARTITIONS; partition++) {
        for (int i = 0; i < 10; i++) {
          broker.append(partition, 1_000, 3, 7, false);
        }
      }
      world.await(broker.lane().flush(), "flushed");
    }
    return compacting.inside(broker);
  }

  @Test
  void oneFilterIsOpenAtATime() {
    LaneCompactor compactor = afterSomeFlushes();
    assertThat(compacting.compactFully(compactor)).isPositive();
    assertThat(rewriter.begun).isGreaterThanOrEqualTo(PARTITIONS);
    assertThat(rewriter.openMost).isEqualTo(1);
    assertThat(rewriter.open).isZero();
    assertThat(compacting.memory.usedBytes(Share.COMPACTION)).isZero();
  }

  @Test
  void aJobThatFailsClosesItsFilter() {
    LaneCompactor compactor = afterSomeFlushes();
    compacting.world.bucket.script(
        request -> request.op() == StoreOp.PUT_PART || request.key().value().endsWith(".l1"),
        1,
        Fault.FAIL_BEFORE);
    assertThatThrownBy(() -> compacting.world.await(compactor.turn(), "turn"))
        .hasRootCauseInstanceOf(ObjectStoreException.Unavailable.class);
    assertThat(rewriter.begun).isPositive();
    assertThat(rewriter.open).isZero();
    assertThat(compacting.memory.usedBytes(Share.COMPACTION)).isZero();
  }
}
