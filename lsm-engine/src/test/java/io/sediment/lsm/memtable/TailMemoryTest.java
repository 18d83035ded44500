package io.sediment.lsm.memtable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.lane.BatchSlices;
import io.sediment.lsm.memtable.SlabFiller.Space;
import io.sediment.runtime.MemoryBudget;
import io.sediment.runtime.MemoryBudget.Allowance;
import io.sediment.runtime.MemoryBudget.Share;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class TailMemoryTest {
  private static final int SLAB = 1000;

  // Four slabs for unflushed data, two for the tail.
  private final MemoryBudget budget =
      new MemoryBudget(
          6 * SLAB,
          Map.of(
              Share.WAL, new Allowance(4 * SLAB, 4 * SLAB),
              Share.TAIL, new Allowance(2 * SLAB, 2 * SLAB)));
  private final SlabPool pool = new SlabPool(budget, SLAB, 2);
  private final TailCache cache = new TailCache(pool);
  private final SlabFiller filler = new SlabFiller(pool, cache);
  private final PartitionTails tails = new PartitionTails(new PartitionId(new UUID(1, 2), 0));
  private final SplittableRandom random = new SplittableRandom(1);
  private Memtable memtable = new Memtable(1);
  private long endOffset;

  private void append(int sizeBytes, int records, long timestamp) {
    TestBatch batch =
        TestBatch.at(endOffset).records(records).maxTimestamp(timestamp).size(sizeBytes, random);
    Space space = filler.allocate(sizeBytes);
    assertThat(space).as("space for " + sizeBytes + " bytes").isNotNull();
    batch.writeTo(space.view().duplicate());
    memtable.append(tails, space, null);
    space.slab().release();
    endOffset += records;
  }

  private void cutAndKeep() {
    cache.add(memtable);
    memtable = new Memtable(memtable.number() + 1);
  }

  @Test
  void neighboursInASlabComeBackAsOneBuffer() {
    append(100, 1, 5);
    append(200, 10, 5);
    append(300, 1, 5);

    try (BatchSlices all = tails.read(0, 10_000, false, endOffset)) {
      assertThat(all.buffers()).hasSize(1);
      assertThat(all.sizeInBytes()).isEqualTo(600);
      assertThat(all.nextOffset()).isEqualTo(12);
    }
    try (BatchSlices fromWithinTheSecond = tails.read(7, 10_000, false, endOffset)) {
      assertThat(fromWithinTheSecond.sizeInBytes()).isEqualTo(500);
      assertThat(fromWithinTheSecond.buffers().get(0).getLong(0)).isEqualTo(1);
    }
  }

  @Test
  void readsStopAtBytesAndAtTheBound() {
    for (int i = 0; i < 10; i++) {
      append(100, 1, 5);
    }
    assertThat(tails.read(0, 250, false, 10).nextOffset()).isEqualTo(2);
    assertThat(tails.read(0, 50, true, 10).nextOffset()).isEqualTo(1);
    assertThat(tails.read(0, 50, false, 10).isEmpty()).isTrue();
    assertThat(tails.read(3, 10_000, false, 8).nextOffset()).isEqualTo(8);
    assertThat(tails.read(10, 10_000, false, 10)).as("nothing there yet").isNull();
  }

  @Test
  void aReadSpansSlabsAndMemtables() {
    append(600, 1, 5);
    append(600, 1, 5);
    cutAndKeep();
    append(300, 1, 5);

    try (BatchSlices all = tails.read(0, 10_000, false, endOffset)) {
      assertThat(all.buffers()).hasSize(2); // the third follows the second in its slab
      assertThat(all.nextOffset()).isEqualTo(3);
    }
  }

  @Test
  void unflushedDataIsRefusedBeyondItsShareAndFlushedDataGivesWay() {
    for (int i = 0; i < 4; i++) {
      append(900, 1, 5);
    }
    assertThat(filler.allocate(900)).isNull();
    assertThat(budget.usedBytes(Share.WAL)).isEqualTo(4 * SLAB);

    cutAndKeep(); // four slabs, one of which is still being filled: three to the tail, room for two
    assertThat(budget.usedBytes(Share.TAIL)).isZero();
    assertThat(tails.read(0, 1, true, endOffset)).as("evicted as it does not fit").isNull();
    append(900, 1, 5);
    assertThat(tails.read(4, 1, true, endOffset)).isNotNull();
  }

  @Test
  void anEvictedMemtableLeavesReadersTheirBytes() {
    append(900, 1, 5);
    ByteBuffer expected =
        TestBatch.at(0).size(900, new SplittableRandom(1)).maxTimestamp(5).build();
    BatchSlices slices = tails.read(0, 10_000, true, endOffset);
    append(900, 1, 5);
    cutAndKeep();
    assertThat(cache.evictOldest()).isTrue();
    assertThat(tails.read(0, 1, true, endOffset)).isNull();
    for (int i = 0; i < 3; i++) {
      append(900, 1, 5); // would reuse the slab if it were free
    }
    assertThat(slices.buffers().get(0)).isEqualTo(expected);
    assertThat(budget.usedBytes(Share.TAIL))
        .as("the reader's slab is still paid for")
        .isEqualTo(SLAB);
    slices.close();
    assertThat(budget.usedBytes(Share.TAIL)).isZero();
  }

  @Test
  void twoThatEvictAtOnceLeaveNoGapToReadAcross() throws InterruptedException {
    PartitionTails other = new PartitionTails(new PartitionId(new UUID(1, 2), 1));
    Space space = filler.allocate(100);
    assertThat(space).isNotNull();
    TestBatch.at(0).size(100, random).writeTo(space.view().duplicate());
    memtable.append(other, space, null); // the first partition that the first memtable leaves
    space.slab().release();
    for (int i = 0; i < 3; i++) {
      append(100, 1, 5);
      cutAndKeep();
    }
    Thread first = new Thread(cache::evictOldest);
    Thread second = new Thread(cache::evictOldest);
    synchronized (other) { // keeps the first one from leaving
      first.start();
      untilBlockedOrDone(first);
      second.start();
      untilBlockedOrDone(second);
      BatchSlices read = tails.read(0, 10_000, true, endOffset);
      if (read != null) {
        int bytes = read.sizeInBytes();
        assertThat(bytes)
            .as("bytes up to offset %s", read.nextOffset())
            .isEqualTo(100 * read.nextOffset());
        read.close();
      }
    }
    first.join();
    second.join();
    assertThat(tails.baseOffset()).isEqualTo(2);
  }

  private static void untilBlockedOrDone(Thread thread) {
    while (thread.getState() != Thread.State.BLOCKED
        && thread.getState() != Thread.State.TERMINATED) {
      Thread.onSpinWait();
    }
  }

  @Test
  void everythingIsGivenBack() {
    for (int i = 0; i < 4; i++) {
      append(700, 1, 5);
    }
    cutAndKeep();
    append(100, 1, 5);
    cutAndKeep();
    cache.clear();
    filler.close();
    assertThat(budget.usedBytes()).isZero();
    assertThat(tails.tails()).isEmpty();
  }

  @Test
  void aBatchLargerThanASlabGetsItsOwn() {
    append(100, 1, 5);
    append(2500, 1, 5);
    append(100, 1, 5);
    try (BatchSlices all = tails.read(0, 10_000, true, endOffset)) {
      assertThat(all.sizeInBytes()).isEqualTo(2700);
    }
    assertThat(budget.usedBytes(Share.WAL)).isEqualTo(SLAB + 2500);
    assertThat(pool.canEverTake(4 * SLAB)).isTrue();
    assertThat(pool.canEverTake(4 * SLAB + 1)).isFalse();
  }

  @Test
  void timestampsAreFoundAlthoughTheyAreNotInOrder() {
    append(100, 2, 50);
    append(100, 2, 10);
    append(100, 2, 70);
    assertThat(tails.findTimestamp(20, 0, endOffset)).hasValue(0);
    assertThat(tails.findTimestamp(20, 1, endOffset)).as("within the first batch").hasValue(1);
    assertThat(tails.findTimestamp(20, 2, endOffset)).as("not the second").hasValue(4);
    assertThat(tails.findTimestamp(71, 0, endOffset)).isEmpty();
    assertThat(tails.findTimestamp(60, 0, 4)).as("not yet durable").isEmpty();
  }

  @Test
  void aSlabReleasedTooOftenIsNoticed() {
    Slab slab = new Slab(ByteBuffer.allocate(10), freed -> {});
    slab.release();
    assertThat(slab.tryRetain()).isFalse();
    assertThatThrownBy(slab::release).isInstanceOf(IllegalStateException.class);
  }
}
