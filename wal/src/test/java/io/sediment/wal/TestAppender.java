package io.sediment.wal;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.ProducerEntry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Appends as a lane would, and remembers what. Every batch lies in a slab of its own which the log
 * alone holds, so that its bytes are gone as soon as the log lets go of them.
 */
final class TestAppender {
  /** One appended batch and the slot that carries it. */
  record Appended(PartitionId partition, long baseOffset, ByteBuffer bytes, WalSlot slot) {}

  private static final int RECORDS = 3;

  private final WriteAheadLog log;
  private final SplittableRandom random;
  private final int leaderEpoch;
  private final Map<PartitionId, Long> nextOffsets;
  private final List<Appended> appended = new ArrayList<>();
  private final AtomicInteger slabsHeld = new AtomicInteger();

  TestAppender(WriteAheadLog log, long seed) {
    this(log, seed, 0, Map.of());
  }

  /**
   * @param nextOffsets where partitions go on; those missing begin at 0
   */
  TestAppender(WriteAheadLog log, long seed, int leaderEpoch, Map<PartitionId, Long> nextOffsets) {
    this.log = log;
    this.random = new SplittableRandom(seed);
    this.leaderEpoch = leaderEpoch;
    this.nextOffsets = new HashMap<>(nextOffsets);
  }

  static PartitionId partition(int number) {
    return new PartitionId(new UUID(7 - number % 3, number / 3), number % 5);
  }

  WalSlot append(int partition, int sizeBytes) {
    return append(partition(partition), sizeBytes, null);
  }

  WalSlot append(PartitionId partition, int sizeBytes, @Nullable ProducerEntry producer) {
    Slab slab = TestBatches.slab(sizeBytes, slabsHeld::decrementAndGet);
    slabsHeld.incrementAndGet();
    ByteBuffer batch = Objects.requireNonNull(slab.allocate(sizeBytes));
    long baseOffset = nextOffsets.getOrDefault(partition, 0L);
    TestBatches.fill(batch, baseOffset, leaderEpoch, RECORDS, producer, random);
    ByteBuffer copy = ByteBuffer.allocate(sizeBytes).put(batch.duplicate()).flip();
    try {
      WalSlot slot = log.append(partition, slab, batch, producer);
      nextOffsets.put(partition, baseOffset + RECORDS);
      appended.add(new Appended(partition, baseOffset, copy, slot));
      return slot;
    } finally {
      slab.release();
    }
  }

  /** A batch of an idempotent producer. */
  WalSlot append(int partition, int sizeBytes, long producerId, int firstSequence) {
    PartitionId id = partition(partition);
    return append(
        id,
        sizeBytes,
        TestBatches.producer(producerId, firstSequence, nextOffsets.getOrDefault(id, 0L), RECORDS));
  }

  List<Appended> appended() {
    return appended;
  }

  /** Slabs that the log still holds. */
  int slabsHeld() {
    return slabsHeld.get();
  }
}
